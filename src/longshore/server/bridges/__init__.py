"""What joins features that know nothing of each other: lists and datasets, files and datasets, views and links."""
