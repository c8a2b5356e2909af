"""Scripts that make the small models and codebooks that ship in the tree."""
