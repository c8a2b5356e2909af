"""The speech engines that can be named in a run file."""

from pipeline.engine.backends import Entry, Registry

SPEAKERS = Registry(
    "speak",
    {
        "espeak": Entry(
            "pipeline.speak.espeak",
            requires=("espeakng_loader",),
            install="pip install 'warmline[embedded]'",
        )
    },
)
