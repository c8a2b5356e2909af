"""Units that the speaker generated with a take, and takes that came without."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.engine.stage import Outcome
from pipeline.units.encoder import Units
from pipeline.units.s3 import check, reencoding
from pipeline.units.stage import GeneratedRunner, Sounded, UnitsRunner, UnitsStage
from schemas.run import RayShare, UnitsBackend
from schemas.units import GeneratedUnits, UnitSequence
from tests.units.takes import keep

KIND = UnitsBackend(backend="s3")
GIVEN = GeneratedUnits(kind="s3", revision="cosyvoice2", rate=25, size=6561, units=(1, 6560, 3))


@pytest.fixture
def take(tmp_path: Path) -> Sounded:
    (place,) = keep(tmp_path, 0.12)
    return Sounded(place, "digest", GIVEN)


def answer(take: Sounded) -> Outcome[UnitSequence] | Failure:
    runner = UnitsStage(KIND).build()
    assert isinstance(runner, GeneratedRunner)
    (made,) = runner.run([take])
    return made


def test_they_are_taken_over_as_they_are_and_said_to_be_generated(take: Sounded) -> None:
    made = answer(take)
    assert isinstance(made, Outcome)
    assert (made.value.units, made.value.revision, made.value.source) == ((1, 6560, 3), "cosyvoice2", "generated")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"kind": "mimi"}, "the speaker generated no s3 units with this take"),
        ({"units": (1, 6561, 2)}, "units outside 0..6560"),
        ({"rate": 50.0}, "the speaker's units are 50 a second out of 6561"),
        ({"units": (1,) * 6}, "6 frames of units in 0.12 s: 25 a second are 3"),
        ({"units": ()}, "0 frames of units in 0.12 s: 25 a second are 3"),
    ],
)
def test_others_are_a_failure(take: Sounded, changed: dict[str, object], reason: str) -> None:
    assert answer(replace(take, generated=GIVEN.model_copy(update=changed))) == Failure(reason)


def test_a_take_without_them_is_a_failure(take: Sounded) -> None:
    assert answer(replace(take, generated=None)) == Failure("the speaker generated no s3 units with this take")


@dataclass
class Sevens:
    """Stands in for a tokenizer: 25 sevens a second."""

    revision: str = "sevens"
    rate: float = 25.0
    size: int = 6561
    codebooks: int = 1
    heard: list[float] = field(default_factory=list)

    def encode(self, recordings: Iterable[Recording]) -> Iterator[Units | Failure]:
        for recording in recordings:
            self.heard.append(recording.duration)
            yield np.full(round(recording.duration * 25), 7, np.int32)


@pytest.mark.parametrize(("always", "heard"), [(False, [1.0, 2.0]), (True, [1.0, 0.12, 2.0])])
def test_with_a_tokenizer_takes_without_units_are_listened_to(tmp_path: Path, always: bool, heard: list[float]) -> None:
    first, second, third = keep(tmp_path, 1.0, 0.12, 2.0)
    tokenizer = Sevens()
    runner = GeneratedRunner(KIND, UnitsRunner(tokenizer), always)

    made = list(runner.run([Sounded(first, "a"), Sounded(second, "b", GIVEN), Sounded(third, "c")]))

    assert tokenizer.heard == heard
    values = [one.value for one in made if isinstance(one, Outcome)]
    middle = "re-encoded" if always else "generated"
    assert [value.source for value in values] == ["re-encoded", middle, "re-encoded"]
    assert [len(value.units) for value in values] == [25, 3, 50]


def s3(**settings: str) -> UnitsBackend:
    return UnitsBackend(backend="s3", settings=settings)


def test_the_run_file_says_who_makes_them() -> None:
    assert reencoding(s3()) is reencoding(s3(source="generated")) is None
    assert reencoding(s3(model="folder")) == "where none"
    assert reencoding(s3(model="folder", source="re-encoded")) == "always"


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        (s3(source="re-encoded"), "source: re-encoded needs a model"),
        (s3(source="generated", model="folder"), "source: generated has no use for a model"),
        (s3(source="somehow"), "settings.source: Input should be 'generated' or 're-encoded'"),
        (s3(model="hf://org/name@abc"), "s3 reads its model from a folder"),
        (UnitsBackend(backend="s3", rate=50), "s3 has 25 units a second out of 6561, not 50 out of 6561"),
    ],
)
def test_settings_that_do_not_go_together_are_said(config: UnitsBackend, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        check(config)


def test_a_tokenizer_that_is_not_installed_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.units.s3.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"s3 needs s3tokenizer to re-encode takes: pip install 'warmline\[units\]'"):
        check(s3(model="folder"))
    check(s3(model="folder").model_copy(update={"ray": RayShare()}))
    check(s3())


def test_another_source_is_another_key() -> None:
    keys = {UnitsStage(kind).identity for kind in (s3(), s3(model="folder"), s3(model="folder", source="re-encoded"))}
    assert len(keys) == 3
