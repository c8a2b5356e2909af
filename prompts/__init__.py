"""The prompt packs that ship."""
