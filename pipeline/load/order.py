"""The order in which a corpus is gone through: a pure function of its row groups, a seed, an epoch and who asks.

Row groups are permuted over all shards and laid end to end. Each rank has an equal stretch of that line, each of its
workers an equal stretch of the rank's; so all shares are disjoint, together they are everything, and no two differ by
more than one dialogue, however few row groups there are. Inside a share so many row groups at a time form a pool, whose
rows are permuted. A pool is all that is ever held in memory, and its order is known without the pools before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from pipeline.engine.fingerprint import seed_from
from schemas.frozen import Frozen


class Order(Frozen):
    """How to go through a corpus; without `shuffle` it is the corpus's own order, cut into stretches."""

    seed: int = Field(default=7, ge=0)
    shuffle: bool = True
    pool: int = Field(default=8, ge=1, description="row groups held in memory, whose dialogues are mixed")
    equal: bool = Field(default=False, description="ranks end after equally many; the few over are others each epoch")


class Share(Frozen):
    """Who asks: one worker of one rank."""

    rank: int = Field(default=0, ge=0)
    ranks: int = Field(default=1, ge=1)
    worker: int = Field(default=0, ge=0)
    workers: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.rank >= self.ranks or self.worker >= self.workers:
            raise ValueError("ranks and workers count from 0: rank < ranks, worker < workers")
        return self

    def bounds(self, rows: int, *, equal: bool) -> tuple[int, int]:
        """First row of the line of so many that is in the share, and the first that no longer is.

        >>> [Share(rank=rank, ranks=3).bounds(11, equal=False) for rank in range(3)]
        [(0, 3), (3, 7), (7, 11)]
        >>> [Share(rank=rank, ranks=3).bounds(11, equal=True) for rank in range(3)]
        [(0, 3), (3, 6), (6, 9)]
        """
        first, last = _stretch(rows - rows % self.ranks if equal else rows, self.rank, self.ranks)
        begin, end = _stretch(last - first, self.worker, self.workers)
        return first + begin, first + end


Place = tuple[int, int]
"""A row group of the corpus, counted over all shards, and a row in it."""


@dataclass(frozen=True)
class Pool:
    """Some row groups' rows: of each the group, the first row and the row after the last. `key` is None: in order."""

    stretches: Sequence[tuple[int, int, int]]
    key: int | None

    def __len__(self) -> int:
        return sum(last - first for _, first, last in self.stretches)

    def places(self) -> list[Place]:
        """The rows in the order in which they are given."""
        rows = [(group, row) for group, first, last in self.stretches for row in range(first, last)]
        return rows if self.key is None else [rows[number] for number in _permuted(len(rows), self.key)]


def pools(groups: Sequence[int], order: Order, share: Share, epoch: int) -> Iterator[Pool]:
    """The pools of one share of an epoch, in their order. `groups` has how many rows each row group holds.

    >>> [pool.places() for pool in pools([2, 3], Order(shuffle=False, pool=1), Share(rank=1, ranks=2), epoch=0)]
    [[(1, 0), (1, 1), (1, 2)]]
    """
    numbers = _permuted(len(groups), seed_from("groups", order.seed, epoch)) if order.shuffle else range(len(groups))
    begin, end = share.bounds(sum(groups), equal=order.equal)
    lengths = [groups[number] for number in numbers]
    starts = accumulate(lengths, initial=0)
    mine = [
        (number, max(begin - start, 0), min(end - start, length))
        for number, length, start in zip(numbers, lengths, starts, strict=False)
        if max(begin, start) < min(end, start + length)
    ]
    for at in range(0, len(mine), order.pool):
        key = seed_from("pool", order.seed, epoch, begin, at) if order.shuffle else None
        yield Pool(mine[at : at + order.pool], key)


def _stretch(count: int, number: int, of: int) -> tuple[int, int]:
    return count * number // of, count * (number + 1) // of


def _permuted(count: int, key: int) -> list[int]:
    """A permutation that depends on the key alone, whatever the version of numpy: its raw streams do not change."""
    return [int(number) for number in np.argsort(np.random.Philox(key=key).random_raw(count), kind="stable")]
