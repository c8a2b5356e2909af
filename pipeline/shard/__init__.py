"""Decided dialogues to Parquet shards."""
