"""Quiz items and notes in the forms that other programs read: Anki, Moodle, spreadsheets, training sets."""
