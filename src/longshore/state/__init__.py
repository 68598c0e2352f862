"""What all processes share: the database, its migrations, writing together, and who works on what."""
