"""How the server is: figures for Prometheus, checks of its parts, and the addresses that tell both."""
