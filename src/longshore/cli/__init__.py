"""The command ``longshore``, and what its commands do that need no server."""
