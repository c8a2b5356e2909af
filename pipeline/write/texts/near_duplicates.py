"""Texts that are nearly the same as an earlier one of the corpus, found among millions in memory that stays small.

Sketches are cut into bands of a few bytes. Texts that are alike have some band in common, so only those are compared
whose band falls into the same bucket (locality-sensitive hashing; Leskovec, Rajaraman, Ullman, Mining of Massive
Datasets, ch. 3). All is kept in arrays: sketches, ids, and buckets of eight places each.
"""

from dataclasses import dataclass
from math import ceil, log, log1p

import numpy as np
import numpy.typing as npt

from pipeline.write.texts.shingles import mixed
from pipeline.write.texts.sketch import SIZE, SketchArray, likenesses

_ROWS = (4, 3, 2)
_MOST_BANDS = 20
_MISSED = 0.01
"""So few of the texts that are just alike enough may have no band in common."""

_PLACES = 8
"""Of a bucket. When all are taken the oldest makes room: texts that share one band with many share others with few."""
_FULLEST = 0.75
_GROWTH = 1.25
_FIRST_ROOM = 256
_NOBODY = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True)
class Like:
    """An earlier text, and how like it the new one is."""

    text_id: str
    likeness: float


def bands_for(threshold: float) -> tuple[int, int]:
    """How many bands of how many bytes find texts that are this much alike: few long ones, if they do.

    Raises ValueError below 0.5, where bands would be so short that most texts had one in common.

    >>> bands_for(0.8), bands_for(0.9), bands_for(0.5)
    ((9, 4), (5, 4), (17, 2))
    """
    for rows in _ROWS:
        bands = 1 if threshold == 1.0 else ceil(log(_MISSED) / log1p(-(threshold**rows)))
        if bands <= _MOST_BANDS:
            return bands, rows
    raise ValueError(f"{threshold} is too low a likeness to look for: 0.5 is the least")


class NearDuplicates:
    """The corpus so far. Ask it of each dialogue in the plan's order; add those that are kept.

    >>> from pipeline.write.texts.sketch import sketch
    >>> corpus = NearDuplicates(0.8)
    >>> corpus.like_or_add("empathy-7-0000000", sketch(["My dog died last night, and I miss him."], "en"))
    >>> corpus.like_or_add("empathy-7-0000001", sketch(["My dog died last night and I miss him!"], "en"))
    Like(text_id='empathy-7-0000000', likeness=1.0)
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._bands, self._rows = bands_for(threshold)
        self._count = 0
        self._sketches: SketchArray = np.empty((_FIRST_ROOM, SIZE), dtype=np.uint8)
        self._ends = np.zeros(_FIRST_ROOM + 1, dtype=np.uint64)
        self._ids = bytearray()
        self._clear(_FIRST_ROOM)

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """Bytes it holds in memory."""
        arrays = (self._sketches, self._ends, self._table, self._next)
        return len(self._ids) + sum(array.nbytes for array in arrays)

    def like(self, sketch: bytes) -> Like | None:
        """The earlier text that is most like this one (of equals the first), if it is too like."""
        if not sketch or not self._count:
            return None
        new = np.frombuffer(sketch, dtype=np.uint8)
        candidates = np.unique(self._table[np.arange(self._bands), self._buckets(self._cut(new))])
        candidates = candidates[candidates != _NOBODY]
        if not len(candidates):
            return None
        how_like = likenesses(new, self._sketches[candidates])
        best = int(how_like.argmax())
        if how_like[best] < self._threshold:
            return None
        return Like(self._id(int(candidates[best])), round(float(how_like[best]), 3))

    def add(self, text_id: str, sketch: bytes) -> None:
        """Keep a text in mind. One without words is like nothing and is not kept."""
        if not sketch:
            return
        if self._count == len(self._sketches):
            self._make_room()
        number = self._count
        self._sketches[number] = np.frombuffer(sketch, dtype=np.uint8)
        self._ids += text_id.encode()
        self._ends[number + 1] = len(self._ids)
        self._count += 1
        bands, buckets = np.arange(self._bands), self._buckets(self._cut(self._sketches[number]))
        self._table[bands, buckets, self._next[bands, buckets]] = number
        self._next[bands, buckets] = (self._next[bands, buckets] + 1) % _PLACES

    def like_or_add(self, text_id: str, sketch: bytes) -> Like | None:
        """What `like` says; a text that is like none is added."""
        if (found := self.like(sketch)) is None:
            self.add(text_id, sketch)
        return found

    def _id(self, number: int) -> str:
        return self._ids[int(self._ends[number]) : int(self._ends[number + 1])].decode()

    def _clear(self, room: int) -> None:
        """Empty buckets for so many texts."""
        buckets = int(room / _FULLEST / _PLACES) + 1
        self._table = np.full((self._bands, buckets, _PLACES), _NOBODY, dtype=np.uint32)
        self._next = np.zeros((self._bands, buckets), dtype=np.uint8)

    def _cut(self, sketch: SketchArray) -> SketchArray:
        """The bands of a sketch: [bands, rows]."""
        return sketch[: self._bands * self._rows].reshape(self._bands, self._rows)

    def _buckets(self, cut: SketchArray) -> npt.NDArray[np.intp]:
        """The bucket of each band: [n, rows] to [n]."""
        shifts = np.arange(self._rows, dtype=np.uint64) * np.uint64(8)
        keys = mixed((cut.astype(np.uint64) << shifts).sum(axis=1, dtype=np.uint64))
        return (keys % np.uint64(self._next.shape[1])).astype(np.intp)

    def _make_room(self) -> None:
        """Larger arrays, and all texts put into buckets again, in their order."""
        room = int(len(self._sketches) * _GROWTH) + 1
        larger: SketchArray = np.empty((room, SIZE), dtype=np.uint8)
        larger[: self._count] = self._sketches
        self._sketches = larger
        self._ends = np.concatenate([self._ends, np.zeros(room + 1 - len(self._ends), dtype=np.uint64)])
        self._clear(room)
        for band in range(self._bands):  # one by one: all together would take several times the memory of the whole
            cut = self._sketches[: self._count, band * self._rows : (band + 1) * self._rows]
            self._refill(band, self._buckets(cut))

    def _refill(self, band: int, buckets: npt.NDArray[np.intp]) -> None:
        """One band's buckets with the texts that fall into them; of more than fit, the last."""
        order = np.argsort(buckets, kind="stable")
        ordered = buckets[order]
        starts = np.searchsorted(ordered, ordered)
        ranks = np.arange(len(order)) - starts
        lasting = ranks >= np.searchsorted(ordered, ordered, side="right") - starts - _PLACES
        self._table[band, ordered[lasting], ranks[lasting] % _PLACES] = order[lasting]
        self._next[band] = np.bincount(ordered, minlength=self._next.shape[1]) % _PLACES
