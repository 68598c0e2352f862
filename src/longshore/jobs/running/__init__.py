"""Running jobs: an executor claims them from the database, a runner beside it runs their functions."""
