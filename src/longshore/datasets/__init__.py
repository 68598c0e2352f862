"""Datasets: uploaded tables that several people change at once; HTTP, Socket.IO, tasks and models."""

QUEUE = "datasets"
"""Where changes of tables are told of; job workers do not serve it, so that long jobs never hold up a table."""
IMPORTS_QUEUE = "imports"
"""Where files that wait to be read are told of: one may take minutes, and no click in a table waits behind it."""
