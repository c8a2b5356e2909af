"""The judges that can be named in a run file."""

from pipeline.engine.backends import Entry, Registry

JUDGES = Registry(
    "judge",
    {
        "openai": Entry(
            "pipeline.judge.chat_judge",
            requires=("openai", "aiohttp"),
            install="pip install 'warmline[servers]'",
            waits=True,
        ),
    },
)
