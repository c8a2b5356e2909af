"""Checks of a written dialogue's text, before anything is spoken: pure functions that give reasons (docs/texts.md)."""
