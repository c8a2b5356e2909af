"""A stand-in of CosyVoice and of torch around it, for tests where neither can be had.

`checkout` is laid out as upstream's clone is, `libraries` holds the little of torch, torchaudio and transformers that
is called. It speaks sines: two tokens a letter, each 960 samples. tests/speak/cosyvoice_contract.py holds it to what
the real code does. A text makes it misbehave as real models do: it gets `stuck` on a token, `rambles` to the limit, is
in a `hurry` and stops after one token, or is `mute`. A folder's yaml says for texts of
how many tokens there is `room` in memory, and what its `text_frontend` is.
"""
