"""What must hold between a run's recipe and the rest of the run file."""

from collections.abc import Iterator

from pipeline.engine.backends import nearest
from pipeline.speak.speaker import Abilities
from schemas.run import RunConfig

Complaint = tuple[tuple[str | int, ...], str]


def check_recipe(config: RunConfig, able: Abilities | None) -> Iterator[Complaint]:
    """Everything that is wrong; `able` is what the speech engine can do, None if it is not known."""
    recipe, kinds = config.interleave, [kind.backend for kind in config.units]
    if not kinds:
        yield ("units",), "name at least one kind of units: the training format interleaves them with the text"
    elif recipe.units is not None and recipe.units not in kinds:
        yield ("interleave", "units"), f"{recipe.units} is not among the run's units: {nearest(recipe.units, kinds)}"
    if recipe.aligned is not None and able is not None and not able.word_times and config.score.words is None:
        yield (
            ("interleave", "aligned"),
            f"{config.speak.backend} does not tell when words sound: name who finds it, score.words: {{backend: ctc}}",
        )
