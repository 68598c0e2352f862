"""What everything in the engine stands on: the table and its columns, their types, names and values."""
