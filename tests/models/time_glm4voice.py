"""How long the GLM-4-Voice tokenizer takes at its published size, on random weights: seconds a second of sound.

    python -m tests.models.time_glm4voice [THREADS]

Writes 1.4 GB to the temporary folder, and uses a GPU if torch sees one.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from pipeline.audio.recording import Recording
from pipeline.units.glm4voice import build
from schemas.run import UnitsBackend
from tests.models.tiny_glm4voice import REAL, clip, make_tokenizer

TAKES = ((1.0, 8), (4.0, 8), (10.0, 4), (30.0, 2))


def main(threads: int) -> None:
    """Print a line for each length."""
    with TemporaryDirectory() as name:
        folder = make_tokenizer(Path(name), REAL)
        encoder = build(UnitsBackend(backend="glm4voice", settings={"model": str(folder), "threads": threads}))
    list(encoder.encode([Recording(clip(1.0), 16000)]))
    for seconds, count in TAKES:
        takes = [Recording(clip(seconds), 16000)] * count
        begun, busy = perf_counter(), process_time()
        made = sum(1 for _ in encoder.encode(takes))
        spent, busy = perf_counter() - begun, process_time() - busy
        sound = seconds * count
        figures = f"{spent / sound:.2f} s a second of sound, {busy / sound:.2f} s of processor"
        print(f"{made} takes of {seconds:g} s, {threads} threads: {figures}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
