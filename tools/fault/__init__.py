"""Finding faults: a pasted log, the pitfall it shows, and the remedy with its source."""
