"""transformers, as far as it is asked: what version it is."""

__version__ = "4.51.3"
