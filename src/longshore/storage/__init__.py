"""Files on a disk: written past the cache, synced, and what a full disk is."""
