"""Seconds of audio per second that `speak/cosyvoice` makes: `python -m benchmarks.cosyvoice --checkout …/CosyVoice`.

Weights are random, of CosyVoice2-0.5B's sizes: as fast as trained ones, and nothing has to be fetched. A random
model says two speech tokens a letter, about as people do. A stream is a process with a model of its own, as a run's
workers are; several share the GPU. Run it in the environment of the speak workers, which also needs `onnx`. `--tiny`
shows on a CPU that it works, and says nothing of speed.
"""

import argparse
import itertools
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import BrokenBarrierError

import numpy as np
import soundfile

from pipeline.engine.failure import Failure
from pipeline.engine.storage import Folder
from pipeline.speak.cosyvoice import build
from pipeline.speak.cosyvoice_loading import import_upstream
from pipeline.speak.cosyvoice_settings import Settings
from schemas.take import Line
from schemas.voice import NEUTRAL, Age, Clip, Delivery, Gender, Style, Voice

_CLIP = "clip.wav"
_TURNS = (
    "I moved here in March, and I still do not know a soul. Some evenings I ring my sister only to hear somebody talk.",
    "That sounds lonely. Three months in a new town is a long time to come home to a quiet flat.",
    "It is the weekends that are worst.",
    "What did you like to do on a Saturday before you moved?",
    "We had a choir, nothing grand, twelve people in a cold church hall, and afterwards we always went for soup.",
    "A choir would be glad of you here too. Would it help if we looked together for one that meets near you?",
)
_WARMING_UP = 2
_PATIENCE = 900.0

Told = tuple[int, float, float, int]


def main() -> None:
    """Write the folder, then measure each number of streams on the same lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", required=True, help="a clone of FunAudioLLM/CosyVoice with its submodule")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 2, 4, 8], help="processes on one GPU")
    parser.add_argument("--lines", type=int, default=30, help="lines a stream")
    parser.add_argument("--fp16", action="store_true")
    parser.add_argument("--tiny", action="store_true", help="tiny networks instead of the real sizes")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a run's workers
    with tempfile.TemporaryDirectory(prefix="warmline-cosyvoice-") as folder:
        settings = Settings(checkout=asked.checkout, model=f"{folder}/model", version=2, fp16=asked.fp16)
        write_model(settings, asked.tiny)
        write_clip(Path(folder))
        print(f"{'streams':>7} {'takes':>6} {'audio s':>8} {'wall s':>7} {'audio s per s':>14} {'RTF':>7}  GPU memory")
        for streams in asked.streams:
            measure(settings, folder, streams, asked.lines)


def write_model(settings: Settings, tiny: bool) -> None:
    """The model folder, of random weights; its words are stored as upstream's own classes store them."""
    import_upstream(Path(settings.checkout))
    folders = import_module("tests.cosyvoice.random_folder")
    folders.write_random_folder(Path(settings.model), 2, folders.TINY if tiny else folders.REAL)


def write_clip(folder: Path) -> None:
    """Five seconds of noise to clone."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 5 * 24000)
    soundfile.write(folder / _CLIP, noise, 24000)


def lines(count: int) -> list[Line]:
    """Turns of about a dialogue's lengths in one cloned voice, each with another seed."""
    clip = Clip(audio=_CLIP, transcript="Good morning to you.")
    voice = Voice(
        id="clone", gender=Gender.FEMALE, age=Age.ADULT, clips={NEUTRAL: clip}, licence="CC0-1.0", consent="synthetic"
    )
    delivery = Delivery(emotion="sad", intensity=1.0, style=Style(instruction="Speak sadly: slowly and softly."))
    turns = itertools.islice(itertools.cycle(_TURNS), count)
    return [
        Line(text=text, language="en", voice=voice, delivery=delivery, seed=seed) for seed, text in enumerate(turns)
    ]


def measure(settings: Settings, folder: str, streams: int, count: int) -> None:
    """Print what so many processes make together, from the moment all are warm until the last is done."""
    context = multiprocessing.get_context("spawn")
    ready, told = context.Barrier(streams + 1), context.SimpleQueue()
    share = _WARMING_UP + count
    asked = lines(streams * share)
    workers = [
        context.Process(target=stream, args=(settings, folder, asked[first : first + share], ready, told), daemon=True)
        for first in range(0, len(asked), share)
    ]
    for worker in workers:
        worker.start()
    try:
        ready.wait(_PATIENCE)
    except BrokenBarrierError:
        raise SystemExit(f"of {streams} streams some could not load or warm up") from None
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise SystemExit(f"of {streams} streams some broke off")
    takes, audio, ended, memory = zip(*(told.get() for _ in workers), strict=True)
    wall = max(ended) - began
    row = f"{streams:7} {sum(takes):6} {sum(audio):8.1f} {wall:7.1f} {sum(audio) / wall:14.2f} {wall / sum(audio):7.3f}"
    print(f"{row}  {sum(memory) / 2**30:.1f} GiB", flush=True)


def stream(settings: Settings, folder: str, asked: Sequence[Line], ready: Barrier, told: SimpleQueue[Told]) -> None:
    """One process: load, warm up, wait for the others, speak; tell takes, seconds of audio, the end, bytes held."""
    speaker = build(settings, Folder(folder))
    list(speaker.speak(asked[:_WARMING_UP]))
    ready.wait(_PATIENCE)
    seconds = []
    for take in speaker.speak(asked[_WARMING_UP:]):
        if isinstance(take, Failure):
            print(take.reason, file=sys.stderr)
        else:
            seconds.append(take.duration)
    cuda = import_module("torch").cuda
    memory = cuda.max_memory_reserved() if cuda.is_available() else 0
    told.put((len(seconds), sum(seconds), time.perf_counter(), memory))


if __name__ == "__main__":
    main()
