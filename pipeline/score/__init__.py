"""Takes to scores, scores to verdicts."""
