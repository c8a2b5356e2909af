"""The writers that can be named in a run file."""

from pipeline.engine.backends import Entry, Registry

WRITERS = Registry(
    "write",
    {
        "phrasebook": Entry("pipeline.write.phrasebook", requires=(), install="comes with warmline"),
        "openai": Entry(
            "pipeline.write.openai_chat",
            requires=("openai", "aiohttp"),
            install="pip install 'warmline[servers]'",
            waits=True,
        ),
        "vllm": Entry(
            "pipeline.write.vllm",
            requires=(),
            install="pip install vllm, in an environment of its own (docs/scaling.md)",
            elsewhere=("vllm",),
            fills_gpu=True,
        ),
    },
)
