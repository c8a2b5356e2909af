"""Lines to takes."""
