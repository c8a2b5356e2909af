"""The speech tokenizers that can be named in a run file."""

from pipeline.engine.backends import Entry, Registry
from pipeline.units.weights import INSTALL

ENCODERS = Registry(
    "units",
    {
        "kmeans": Entry("pipeline.units.kmeans", requires=(), install="comes with warmline"),
        "s3": Entry("pipeline.units.s3", requires=(), install=INSTALL),
        "glm4voice": Entry("pipeline.units.glm4voice", (), INSTALL, elsewhere=("torch", "safetensors")),
        "mimi": Entry("pipeline.units.mimi", (), INSTALL, elsewhere=("transformers", "torch", "safetensors")),
    },
)
