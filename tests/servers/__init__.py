"""Chat, speech and transcription servers on loopback: real HTTP, processes of their own, embedded engines behind."""
