"""The speech engines that can be named in a run file."""

from pipeline.engine.backends import Entry, Registry

SPEAKERS = Registry(
    "speak",
    {
        "espeak": Entry(
            "pipeline.speak.espeak",
            requires=("espeakng_loader",),
            install="pip install 'warmline[embedded]'",
        ),
        "openai_speech": Entry(
            "pipeline.speak.openai_speech",
            requires=("openai", "aiohttp"),
            install="pip install 'warmline[servers]'",
            waits=True,
        ),
        "cosyvoice": Entry(
            "pipeline.speak.cosyvoice",
            requires=(),
            install="a checkout of CosyVoice in an environment of its own (docs/speak-cosyvoice.md)",
            elsewhere=("torch", "torchaudio", "transformers"),
        ),
    },
)
