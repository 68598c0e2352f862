"""Handing files out and taking files in: files on offer, links that work once, partitions, path files."""
