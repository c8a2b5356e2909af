"""Moved to pipeline.corpus."""

from pipeline.corpus.reading import Shard, kinds_of, shards
from pipeline.corpus.rows import Dialogue, Side, Turn, UnitKind

__all__ = ["Dialogue", "Shard", "Side", "Turn", "UnitKind", "kinds_of", "shards"]
