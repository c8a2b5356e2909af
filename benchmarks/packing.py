"""What shards and an export cost beside the bare libraries: `python -m benchmarks.packing [--dialogues 192]`.

Both sides start from the same takes in memory and end with the same files on disk: FLAC, Parquet shards, and an export.
Two are measured: CosyVoice's, which is Parquet again with the FLAC as it is, and OpenS2S's, 16 kHz WAV of the user's
turns, for which the FLAC is decoded and resampled. The bare side only calls soundfile, soxr and pyarrow, as often as
the format asks. What counts is a ratio of CPU seconds out of one run, since machines are shared. The peak is the
process's own, of a process that packs and exports so many shards of one size.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
import soxr

from benchmarks.packed_dialogues import UNITS, Material, material
from pipeline.audio.recording import Recording, encode_flac, pcm16
from pipeline.corpus.reading import shards
from pipeline.engine.storage import Folder
from pipeline.export.format import ExportSettings, Part
from pipeline.export.part import PartJob
from pipeline.load.dialogues import Dialogues
from pipeline.shard.writer import ROW_GROUP_ROWS, ShardWriter
from schemas.shard import shard_schema
from schemas.take import Take
from schemas.voice import Role, Split

_RATE = 16000
_BARE = pa.schema([("id", pa.string()), ("audio", pa.list_(pa.binary()))])
_A_SHARD = 96


def cpu_of(work: Callable[[], object]) -> float:
    """CPU seconds of this process, all its threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


def encode(takes: Sequence[Sequence[Take]]) -> None:
    """FLAC as the speak stage keeps it."""
    for take in (take for turns in takes for take in turns):
        encode_flac(Recording(take.audio, take.sample_rate))


def pack(made: Material, count: int, folder: Path, target: float = 1e12) -> None:
    """Shards of so many dialogues."""
    writer = ShardWriter(Folder(str(folder)), "train", shard_schema(UNITS), made.maker, target)
    for one in made.many(count):
        writer.add(one)
    writer.close()


def export(corpus: Path, out: Path, to: str = "opens2s") -> None:
    """The shards as an export's parts, in this process."""
    out.mkdir()
    for number, shard in enumerate(shards(str(corpus))):
        PartJob(to, shard, Part(out, Split.TRAIN, number, ExportSettings(units=UNITS[0], longest=60.0))).run()


def bare_flacs(takes: Sequence[Sequence[Take]]) -> list[list[bytes]]:
    """The takes as FLAC, by soundfile alone."""

    def flac(take: Take) -> bytes:
        file = io.BytesIO()
        soundfile.write(file, take.audio, take.sample_rate, format="FLAC", subtype="PCM_16")
        return file.getvalue()

    return [[flac(take) for take in turns] for turns in takes]


def bare_parquet(flacs: Iterator[list[bytes]], path: Path) -> None:
    """Rows of nothing but an id and FLAC, in row groups as large as a shard's, compressed and cut as those."""
    settings = {"compression": "zstd", "use_content_defined_chunking": True}
    with pq.ParquetWriter(path, _BARE, **settings) as writer:
        for number in range(sys.maxsize):
            group = list(islice(flacs, ROW_GROUP_ROWS))
            if not group:
                return
            ids = [f"{number}-{place}" for place in range(len(group))]
            writer.write_table(pa.table({"id": ids, "audio": group}, schema=_BARE), row_group_size=len(group))


def bare_waves(sounds: Iterator[tuple[Take, bytes]], folder: Path, *, read: bool) -> None:
    """WAV files. With `read` out of the FLAC, and at 16 kHz; without, as the takes are."""
    folder.mkdir()
    for number, (take, flac) in enumerate(sounds):
        path = folder / f"{number}.wav"
        if read:
            audio, rate = soundfile.read(io.BytesIO(flac), dtype="float32")
            audio = soxr.resample(audio, rate, _RATE, quality="HQ")
            soundfile.write(path, pcm16(Recording(audio, _RATE)), _RATE, subtype="PCM_16")
        else:
            soundfile.write(path, take.audio, take.sample_rate, subtype="PCM_16")


def compare(folder: Path, distinct: int) -> None:
    """Print what each side costs, and the ratios."""
    made = material(Folder(str(folder / "ledger")), distinct)
    flacs = bare_flacs(made.takes)
    seconds = sum(take.duration for turns in made.takes for take in turns)
    heard = [
        (take, flac)
        for one, takes, found in zip(made.dialogues, made.takes, flacs, strict=True)
        for turn, take, flac in zip(one.turns, takes, found, strict=True)
        if turn.turn.role is Role.USER
    ]
    pack(made, min(8, distinct), folder / "warm")  # what is imported and set up once is no part of the cost
    export(folder / "warm", folder / "warm-out")
    bare_waves(iter(heard[:8]), folder / "warm-waves", read=True)
    bare = {
        "FLAC": cpu_of(lambda: bare_flacs(made.takes)),
        "Parquet": cpu_of(lambda: bare_parquet(iter(flacs), folder / "bare.parquet")),
        "WAV": cpu_of(lambda: bare_waves(iter(heard), folder / "waves", read=False)),
    }
    turns = cpu_of(lambda: bare_parquet(([flac] for found in flacs for flac in found), folder / "turns.parquet"))
    read = cpu_of(lambda: bare_waves(iter(heard), folder / "waves-16", read=True))
    ours = {
        "FLAC": cpu_of(lambda: encode(made.takes)),
        "shard": cpu_of(lambda: pack(made, distinct, folder / "corpus")),
        "export": cpu_of(lambda: export(folder / "corpus", folder / "out")),
    }
    voice = cpu_of(lambda: export(folder / "corpus", folder / "voice", "cosyvoice"))
    reading = cpu_of(lambda: list(Dialogues.of(str(folder / "corpus"))))
    with_reading = bare["FLAC"] + bare["Parquet"] + read
    print(f"dialogues, turns       {distinct}, {sum(map(len, made.takes))}; {seconds:.0f} s of sound")
    print(f"ours, CPU s            {_told(ours)}, or {voice:.2f} for CosyVoice's export")
    print(f"bare, CPU s            {_told(bare)}, or {turns:.2f} for Parquet of the turns")
    print(f"WAV with reading       {read:.2f}   (FLAC decoded, resampled to 16 kHz, written)")
    print(f"real time a core       {seconds / sum(ours.values()):.0f} ×")
    plain = (bare["FLAC"] + bare["Parquet"] + turns) / (ours["FLAC"] + ours["shard"] + voice)
    print(f"bare ÷ ours            {plain:.2f}   (FLAC, Parquet; the export is Parquet with the FLAC as it is)")
    print(
        f"bare ÷ ours            {with_reading / sum(ours.values()):.2f}   (FLAC, Parquet, WAV with reading: OpenS2S)"
    )
    alone = sum(bare.values()) / sum(ours.values())
    print(f"bare ÷ ours            {alone:.2f}   (as if OpenS2S's neither decoded nor resampled)")
    print(
        f"dialogues read         {distinct / reading:.0f} a second and core by the loader, shuffled, with their FLAC",
        flush=True,
    )


def _told(costs: dict[str, float]) -> str:
    return f"{sum(costs.values()):.2f}  { ({name: round(cost, 2) for name, cost in costs.items()}) }"


def _without_takes(ledger: Folder) -> Material:
    return replace(material(ledger, _A_SHARD), takes=())


def peak(count: int) -> None:
    """Pack and export so many shards, and print the peak of this process in MB."""
    folder = Path(tempfile.mkdtemp(prefix="warmline-bench-"))
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as speaker:  # its memory is no part of packing
            made = speaker.submit(_without_takes, Folder(str(folder / "ledger"))).result()
        size = sum(one.size for one in made.dialogues)
        pack(made, count * _A_SHARD, folder / "corpus", target=size)
        found = len(list((folder / "corpus").glob("train-*.parquet")))
        if found != count:
            raise SystemExit(f"{found} shards instead of {count}")
        export(folder / "corpus", folder / "out")
        print(f"{_high_water():.0f} MB, shards of {size / 1e6:.0f} MB")
    finally:
        shutil.rmtree(folder)


def _high_water() -> float:
    """The most memory this process ever had, in MB, as Linux tells it: getrusage counts in what its parent had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, default=192)
    parser.add_argument("--memory", type=int, nargs=2, default=(1, 20), help="numbers of shards to compare the peak at")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.peak is not None:
        peak(options.peak)
        return
    folder = Path(tempfile.mkdtemp(prefix="warmline-bench-"))
    try:
        compare(folder, options.dialogues)
    finally:
        shutil.rmtree(folder)
    for count in options.memory:
        command = [sys.executable, "-m", "benchmarks.packing", "--peak", str(count)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        print(f"peak at {count:<3} shards     {told}", flush=True)


if __name__ == "__main__":
    main()
