"""The writers that can be named in a run file."""

from pipeline.engine.backends import Entry, Registry

WRITERS = Registry(
    "write",
    {"phrasebook": Entry("pipeline.write.phrasebook", requires=(), install="comes with warmline")},
)
