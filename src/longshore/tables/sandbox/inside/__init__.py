"""The program that runs inside the walls; its modules are imported there, by file, never by the server."""
