"""Small things that are kept: lists of items, and values by key."""
