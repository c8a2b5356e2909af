"""The nouns: what a corpus, its plan and its parts are. Imports nothing of ours."""
