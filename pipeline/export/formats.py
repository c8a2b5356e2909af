"""The formats that can be named after `--to`."""

from pipeline.engine.backends import Entry, Registry

FORMATS = Registry(
    "export",
    {
        "opens2s": Entry("pipeline.export.opens2s", requires=(), install="comes with warmline"),
    },
)
