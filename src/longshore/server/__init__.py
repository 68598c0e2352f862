"""Puts the web application together: features and what joins them, pages, errors, the threads beside them."""
