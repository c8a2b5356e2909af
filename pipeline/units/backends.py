"""The speech tokenizers that can be named in a run file."""

from pipeline.engine.backends import Entry, Registry

ENCODERS = Registry(
    "units",
    {
        "kmeans": Entry("pipeline.units.kmeans", requires=(), install="comes with warmline"),
        "s3": Entry("pipeline.units.s3", requires=(), install="comes with warmline"),
    },
)
