"""What holds for every kind of units: facts, checks, errors; nothing here needs torch."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.engine.stage import Outcome
from pipeline.units.backends import ENCODERS
from pipeline.units.counts import objection
from pipeline.units.encoder import Units
from pipeline.units.segments import Segments
from pipeline.units.stage import Sounded, UnitsRunner, UnitsStage
from pipeline.units.weights import revision
from schemas.run import RunConfig, UnitsBackend
from schemas.units import KINDS, Kind, UnitSequence
from tests.units.takes import keep, noise

NEURAL = ("glm4voice", "mimi")


def test_every_kind_that_ships_has_its_rate_size_and_codebooks() -> None:
    assert set(KINDS) == set(ENCODERS.entries)
    kinds = RunConfig.model_validate({"pack": "p", "size": 1, "units": [{"backend": name} for name in KINDS]}).units
    assert [(kind.rate, kind.size, kind.codebooks) for kind in kinds] == [
        (25.0, 1024, 1),
        (25.0, 6561, 1),
        (12.5, 16384, 1),
        (12.5, 2048, 8),
    ]


def test_what_the_run_file_says_goes_first() -> None:
    assert UnitsBackend(backend="mimi", codebooks=16).codebooks == 16
    assert UnitsBackend(backend="glm4voice", size=512).size == 512


@pytest.mark.parametrize("name", KINDS)
def test_a_backend_is_imported_without_its_libraries(name: str) -> None:
    heavy = ("torch", "transformers", "s3tokenizer", "onnx", "safetensors")
    script = (
        f"import sys; from pipeline.units.backends import ENCODERS; ENCODERS.load({name!r}); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NEURAL)
@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({}, "settings.model: Field required"),
        ({"model": "x", "size": 3}, "settings.size: Extra inputs are not permitted"),
        ({"model": "hf://org/name"}, "name the revision too, such as hf://ORG/NAME@COMMIT"),
        ({"model": "x", "threads": 0}, "settings.threads: Input should be greater than or equal to 1"),
    ],
)
def test_settings_that_are_wrong_are_said_in_one_line(name: str, settings: dict[str, str | int], fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        ENCODERS.load(name).check(UnitsBackend(backend=name, settings=settings))
    assert "\n" not in str(caught.value)


def test_glm4voice_has_one_codebook() -> None:
    with pytest.raises(ValueError, match="glm4voice has one codebook, not 2"):
        ENCODERS.load("glm4voice").check(UnitsBackend(backend="glm4voice", codebooks=2, settings={"model": "x"}))


@pytest.mark.parametrize("name", NEURAL)
def test_another_folder_another_rate_or_other_books_are_other_units(name: str, tmp_path: Path) -> None:
    for folder, content in (("one", "1"), ("two", "2"), ("moved", "1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.safetensors").write_text(content)

    def identity(folder: str, books: int = 1) -> str:
        settings = {"model": str(tmp_path / folder)}
        return UnitsStage(UnitsBackend(backend=name, codebooks=books, settings=settings)).identity

    assert identity("one") == identity("moved")
    assert len({identity("one"), identity("two"), identity("one", 2)}) == 3


def test_rows_name_a_model_of_the_hub_by_its_revision() -> None:
    assert revision("hf://org/name@0123abc") == "org/name@0123abc"


@dataclass
class Answering:
    """Stands in for a tokenizer: 25 frames of two codes a second, and `more` than those."""

    more: int = 0
    code: int = 3
    revision: str = "r"
    rate: float = 25.0
    size: int = 8
    codebooks: int = 2

    def encode(self, recordings: Iterable[Recording]) -> Iterator[Units | Failure]:
        for recording in recordings:
            yield np.full(2 * round(recording.duration * 25) + self.more, self.code, np.int32)


def ran(tmp_path: Path, encoder: Answering) -> Outcome[UnitSequence] | Failure:
    (place,) = keep(tmp_path, 1.0)
    (made,) = UnitsRunner(encoder).run([Sounded(place, "digest")])
    return made


def test_a_sequence_keeps_frames_of_several_codebooks_and_says_how_many(tmp_path: Path) -> None:
    made = ran(tmp_path, Answering(more=4))
    assert isinstance(made, Outcome)
    assert (len(made.value.units), made.value.codebooks) == (54, 2)


@pytest.mark.parametrize(
    ("encoder", "reason"),
    [
        (Answering(more=6), "28 frames of units in 1.00 s: 25 a second are 25"),
        (Answering(more=-6), "22 frames of units in 1.00 s: 25 a second are 25"),
        (Answering(more=1), "51 units cannot be frames of 2 codebooks"),
        (Answering(code=8), "units outside 0..7"),
        (Answering(code=-1), "units outside 0..7"),
    ],
)
def test_units_out_of_range_or_of_a_wrong_count_are_failures(tmp_path: Path, encoder: Answering, reason: str) -> None:
    assert ran(tmp_path, encoder) == Failure(reason)


@given(st.floats(0.05, 120.0), st.sampled_from(list(KINDS.values())), st.integers(-9, 9))
def test_two_frames_more_or_less_will_do_and_no_more(duration: float, kind: Kind, off: int) -> None:
    rate, books = kind.rate, kind.codebooks
    count = max(0, round(duration * rate) + off)
    told = objection([0] * (count * books), duration, rate, 1024, books)
    assert (told is None) == (abs(count - duration * rate) <= 2)


@given(st.lists(st.integers(0, 90), max_size=12), st.integers(1, 5), st.integers(1, 40))
def test_segments_come_back_as_the_takes_they_were_cut_from(lengths: list[int], most: int, longest: int) -> None:
    takes = [Recording((np.arange(length) / 100).astype(np.float32), 16000) for length in lengths]
    cut = Segments(lambda take: take, lambda parts: [(part * 100).astype(np.int32) for part in parts], longest, most)
    for take, units in zip(takes, cut.encode(takes), strict=True):
        if len(take.audio) == 0:
            assert units == Failure("there is no audio to encode")
        else:
            assert not isinstance(units, Failure)
            assert np.abs(units - take.audio * 100).max() <= 1


def test_what_a_tokenizer_cannot_hear_fails_alone() -> None:
    cut = Segments(lambda take: take, lambda parts: [np.zeros(1, np.int32) for _ in parts], None, 2, shortest=0.05)
    short, broken = noise(0.01), Recording(np.full(1600, np.nan, np.float32), 16000)
    answers = list(cut.encode([noise(1.0), short, broken, noise(1.0)]))
    assert [isinstance(answer, Failure) for answer in answers] == [False, True, True, False]
    assert answers[1] == Failure("0.01 s of sound is too short; it takes 0.05 s")
