"""Puts it together: command line, supervision, embedded broker, worker, web server, diagnostics."""
