"""Datasets: uploaded tables that several people change at once; HTTP, Socket.IO, tasks and models."""
