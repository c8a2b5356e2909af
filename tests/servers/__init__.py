"""Speech and transcription servers on loopback: real HTTP, processes of their own, the embedded engines behind it."""
