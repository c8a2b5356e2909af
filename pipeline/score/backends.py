"""The recognisers that can be named in a run file."""

from pipeline.engine.backends import Entry, Registry

_EMBEDDED = "pip install 'warmline[embedded]'"
_MODELS = "pip install 'warmline[models]', best in an environment of its own"
_SERVERS = "pip install 'warmline[servers]'"

SPEECH_RECOGNISERS = Registry(
    "score.asr",
    {
        "pocketsphinx": Entry("pipeline.score.pocketsphinx", ("pocketsphinx", "jiwer"), _EMBEDDED),
        "transcriptions": Entry(
            "pipeline.score.transcriptions",
            ("openai", "aiohttp", "jiwer", "whisper_normalizer", "text_to_num"),
            _SERVERS,
            waits=True,
        ),
        "faster_whisper": Entry(
            "pipeline.score.whisper",
            ("jiwer", "whisper_normalizer", "text_to_num"),
            _MODELS,
            elsewhere=("faster_whisper",),
        ),
    },
)
EMOTION_RECOGNISERS = Registry(
    "score.ser",
    {
        "prosody": Entry("pipeline.score.prosody", (), _EMBEDDED),
        "funasr": Entry("pipeline.score.funasr_emotion", (), _MODELS, elsewhere=("funasr", "torch")),
        "transformers": Entry("pipeline.score.audio_classification", (), _MODELS, elsewhere=("transformers", "torch")),
    },
)
QUALITY_JUDGES = Registry(
    "score.mos",
    {"dnsmos": Entry("pipeline.score.dnsmos", (), _MODELS, elsewhere=("speechmos", "onnxruntime", "librosa"))},
)
VOICE_COMPARERS = Registry(
    "score.likeness",
    {"xvector": Entry("pipeline.score.xvector", (), _MODELS, elsewhere=("transformers", "torch"))},
)
WORD_ALIGNERS = Registry(
    "score.words",
    {
        "pocketsphinx": Entry("pipeline.score.pocketsphinx_words", ("pocketsphinx", "jiwer"), _EMBEDDED),
        "ctc": Entry("pipeline.score.ctc_words", (), _MODELS, elsewhere=("transformers", "torch", "torchaudio")),
    },
)
