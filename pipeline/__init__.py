"""The verbs: one folder a stage, and the engine under them."""
