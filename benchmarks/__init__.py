"""Measurements: each prints figures that the docs quote."""
