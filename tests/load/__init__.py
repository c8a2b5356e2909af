"""The loader for those who train on the shards."""
