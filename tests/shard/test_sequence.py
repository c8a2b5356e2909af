"""The run's recipe on a turn: of the kind that it names, frames kept whole."""

from pipeline.shard.sequence import Sequencer
from schemas.recipe import Recipe
from schemas.take import Word
from schemas.units import UnitSequence

UNITS = {
    "kmeans": UnitSequence(revision="r", units=tuple(range(50))),
    "mimi": UnitSequence(revision="r", units=tuple(range(200)), codebooks=8),
}
RATES = {"kmeans": 25.0, "mimi": 12.5}


def lengths(recipe: Recipe) -> list[int]:
    steps = Sequencer(recipe, RATES).steps("Oh no", [Word(text="no", start=1.0, end=1.2)], UNITS)
    assert steps is not None
    return [len(step.units) for step in steps if step.units]


def test_the_first_kind_is_meant_unless_the_recipe_names_one() -> None:
    assert lengths(Recipe(text_span=1, speech_span=10)) == [10] * 5
    assert lengths(Recipe(text_span=1, speech_span=10, units="mimi")) == [80, 80, 40]


def test_times_are_counted_at_the_kinds_own_rate() -> None:
    recipe = Recipe.model_validate({"preset": "moshi", "units": "mimi"})
    assert lengths(recipe) == [12 * 8, 13 * 8], "one second of 12.5 frames of eight codes"


def test_a_typed_turn_has_no_steps() -> None:
    assert Sequencer(Recipe(), RATES).steps("Oh no", (), None) is None
