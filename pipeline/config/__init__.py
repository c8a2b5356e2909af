"""The edge: reads and checks packs and run files, every fault with its place."""
