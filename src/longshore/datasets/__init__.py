"""Datasets: uploaded tables that several people change at once; HTTP, Socket.IO, tasks and models."""

QUEUE = "datasets"
"""Where changes of tables are told of; job workers do not serve it, so that long jobs never hold up a table."""
