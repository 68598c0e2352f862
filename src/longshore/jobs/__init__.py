"""Jobs: declared functions that run in workers, with progress, a result document and an expiry."""
