"""Dialogues of a corpus for those who train on its shards."""
