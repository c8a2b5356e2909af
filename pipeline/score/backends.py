"""The recognisers that can be named in a run file."""

from pipeline.engine.backends import Entry, Registry

_EMBEDDED = "pip install 'warmline[embedded]'"

SPEECH_RECOGNISERS = Registry(
    "score.asr",
    {"pocketsphinx": Entry("pipeline.score.pocketsphinx", ("pocketsphinx", "jiwer"), _EMBEDDED)},
)
EMOTION_RECOGNISERS = Registry("score.ser", {"prosody": Entry("pipeline.score.prosody", (), _EMBEDDED)})
