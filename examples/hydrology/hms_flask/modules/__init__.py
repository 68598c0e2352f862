"""What the workers load: the Celery tasks of this application."""
