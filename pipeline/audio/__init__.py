"""Sound in memory: recordings, FLAC, features."""
