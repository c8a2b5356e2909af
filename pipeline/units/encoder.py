"""What a speech tokenizer must do to be a backend of the units stage.

A backend is a module beside this one with `VERSION`, `check(config)` (ValueError for a rate or size it has not),
`identity(config)` (the digest of its weights) and `build(config) -> UnitEncoder`. One whose units the speaker may bring
along with each take says `GENERATED = True`, and by `reencoding(config)` which takes are listened to all the same. It
is listed in `backends.py` and imported only when named.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure

Units = NDArray[np.int32]
"""int32 [N × codebooks], each in 0..size−1, `rate` frames of `codebooks` codes per second, frame by frame."""


class UnitEncoder(Protocol):
    """Turns sound into discrete units. `revision` names the exact codebook or weights (a digest or a release)."""

    revision: str
    rate: float
    size: int
    codebooks: int

    def encode(self, recordings: Iterable[Recording]) -> Iterator[Units | Failure]:
        """Yield one sequence a recording, in order."""
        ...
