"""Units that the speaker generated with a take."""

from pipeline.engine.failure import Failure
from pipeline.engine.ledger import Place
from pipeline.engine.stage import Outcome
from pipeline.engine.storage import Folder
from pipeline.units.stage import GeneratedRunner, Sounded, UnitsStage
from schemas.run import UnitsBackend
from schemas.units import GeneratedUnits

KIND = UnitsBackend(backend="s3", rate=25, size=6561)
PLACE = Place(Folder("memory://none"), "part", 0)
GIVEN = GeneratedUnits(kind="s3", revision="cosyvoice2", rate=25, size=6561, units=(1, 6560, 3))


def answer(given: GeneratedUnits | None) -> object:
    runner = UnitsStage(KIND).build()
    assert isinstance(runner, GeneratedRunner)
    (made,) = runner.run([Sounded(PLACE, "digest", given)])
    return made


def test_they_are_taken_over_as_they_are_and_said_to_be_generated() -> None:
    made = answer(GIVEN)
    assert isinstance(made, Outcome)
    assert (made.value.units, made.value.revision, made.value.source) == ((1, 6560, 3), "cosyvoice2", "generated")


def test_a_take_without_them_or_with_others_is_a_failure() -> None:
    assert answer(None) == Failure("the speaker generated no s3 units with this take")
    assert answer(GIVEN.model_copy(update={"kind": "mimi"})) == Failure(
        "the speaker generated no s3 units with this take"
    )
    assert answer(GIVEN.model_copy(update={"units": (6561,)})) == Failure("units outside 0..6560")
    assert answer(GIVEN.model_copy(update={"rate": 50.0})) == Failure("the speaker's units are 50 a second out of 6561")
