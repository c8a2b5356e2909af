import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.plan.draws import race, uniforms

WEIGHTS = st.lists(st.floats(0.1, 10.0), min_size=2, max_size=6)


def drawn(weights: list[float], start: int = 0, stop: int = 2000, seed: int = 7) -> np.ndarray:
    options = [f"option {number}" for number in range(len(weights))]
    return race(seed, "field", options, np.array(weights), start, stop)


@given(WEIGHTS, st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 60))
def test_a_brief_is_the_same_in_whatever_slice_it_is_drawn(
    weights: list[float], start: int, before: int, after: int
) -> None:
    wide = drawn(weights, start, start + before + after)
    assert (wide[before:] == drawn(weights, start + before, start + before + after)).all()


@given(WEIGHTS, st.floats(1.01, 5.0))
def test_a_weight_that_grows_only_draws_briefs_to_its_option(weights: list[float], factor: float) -> None:
    before, after = drawn(weights), drawn([weights[0] * factor, *weights[1:]])
    moved = before != after
    assert (after[moved] == 0).all()


def test_options_are_drawn_as_often_as_their_weights_say() -> None:
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    counts = np.bincount(drawn(list(weights), stop=100_000), minlength=4)
    expected = weights / weights.sum() * 100_000
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 16.27, "p < 0.001 for 3 degrees of freedom"


def test_an_option_of_weight_zero_is_never_drawn() -> None:
    assert 1 not in drawn([1.0, 0.0, 2.0])


def test_weights_may_depend_on_the_brief() -> None:
    columns = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    assert list(race(1, "f", ["a", "b"], columns, 0, 3)) == [0, 1, 0]


@pytest.mark.parametrize("start", [0, 1, 3, 4, 1_000_003])
def test_uniforms_are_inside_the_open_interval(start: int) -> None:
    numbers = uniforms(start, start + 1000, "x")
    assert 0.0 < numbers.min() < numbers.max() < 1.0
