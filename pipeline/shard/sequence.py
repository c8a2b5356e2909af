"""A turn's text and units as the run's recipe has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.interleave.spans import interleave
from pipeline.interleave.text_tokens import TextTokenizer, Words
from schemas.recipe import Recipe, Span
from schemas.take import Word
from schemas.units import UnitSequence


@dataclass(frozen=True)
class Sequencer:
    """The recipe, its tokenizer, and the run's kinds of units, each with its frames a second; the first is meant."""

    recipe: Recipe
    rates: Mapping[str, float]
    tokenizer: TextTokenizer = field(default_factory=Words)

    def steps(
        self, text: str, words: Sequence[Word], units: Mapping[str, UnitSequence] | None
    ) -> tuple[Span, ...] | None:
        """The steps; None without units. Raises AlignmentError or TokenizerError for a turn that cannot be cut so."""
        name = self.recipe.units or next(iter(self.rates))
        if not units or name not in units:
            return None
        sequence, rate = units[name], self.rates[name]
        return interleave(
            text, sequence.units, self.recipe, self.tokenizer, codebooks=sequence.codebooks, times=words, rate=rate
        )
