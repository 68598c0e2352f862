"""The table engine: reads files, keeps versioned columns, applies operations, answers views. Needs no server."""
