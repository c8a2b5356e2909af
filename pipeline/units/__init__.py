"""Takes to discrete speech tokens."""
