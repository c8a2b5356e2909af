"""The formats that can be named after `--to`."""

from pipeline.engine.backends import Entry, Registry

FORMATS = Registry(
    "export",
    {
        "cosyvoice": Entry("pipeline.export.cosyvoice", requires=(), install="comes with warmline"),
        "opens2s": Entry("pipeline.export.opens2s", requires=(), install="comes with warmline"),
    },
)
