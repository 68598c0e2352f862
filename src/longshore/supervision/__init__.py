"""Starts the parts on one machine and keeps them running: broker, workers and web server, each a process of its own."""
