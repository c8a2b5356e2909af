"""A small Hub on loopback: real HTTP in the Hub's own protocol, datasets in memory."""
