"""What agents and people can use, as plain typed functions that know no framework."""
