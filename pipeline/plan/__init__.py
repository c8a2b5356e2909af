"""Prompt pack to briefs."""
