"""The loader as PyTorch takes it. What is in here needs torch, and nothing outside imports it."""
