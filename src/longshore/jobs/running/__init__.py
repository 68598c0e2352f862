"""Running jobs: a warden claims them from the database, a runner beside it runs their functions."""
