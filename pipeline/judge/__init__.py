"""Written dialogues to judgements."""
