"""Reading a corpus back."""
