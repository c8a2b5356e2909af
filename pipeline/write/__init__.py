"""Briefs to dialogues."""
