"""What the processes of a server have in common."""
