"""A merged application: direct runoff of storms, served by a Flask application of its own under a prefix."""
