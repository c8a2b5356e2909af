"""Text and speech units as one sequence, by a recipe: what shards and exports share."""
