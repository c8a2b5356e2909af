"""A finished corpus read back, from a folder, a bucket or the Hub."""
