"""Dialogues as a model's token sequences: text, units and markers interleaved by a recipe, and where there is loss."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.recording import resample
from pipeline.corpus.rows import Dialogue, Turn, UnitKind
from pipeline.engine.errors import UsageError
from pipeline.interleave.spans import interleave
from pipeline.interleave.text_tokens import TextTokenizer, TokenizerError, Words
from pipeline.load.vocabulary import UserAs, Vocabulary
from schemas.frozen import Hertz
from schemas.recipe import WORDS, Recipe, Span
from schemas.take import Waveform
from schemas.voice import Role


class ExampleError(ValueError):
    """A dialogue that cannot be encoded: its id, the turn (from 0), and why."""


@dataclass(frozen=True)
class Example:
    """One turn of the assistant, by its number, with all that was said before it.

    `ids` int64 [N]; `loss` bool [N], true where the model is to learn: units and text of that turn. `audio` are the
    user's turns, float32 [T] each, −1..1, at `sample_rate`; `places` int64 [K] says where in `ids` each is heard.
    """

    dialogue: str
    turn: int
    ids: NDArray[np.int64]
    loss: NDArray[np.bool_]
    audio: tuple[Waveform, ...]
    places: NDArray[np.int64]
    sample_rate: Hertz


@dataclass(frozen=True)
class _Coded:
    """A turn as ids, where a model may learn of them, and the sound that the id at `place` stands for, if any."""

    ids: Sequence[int]
    learned: Sequence[bool]
    sound: Waveform | None = None
    place: int = 0


@dataclass(frozen=True)
class Encoder:
    """Makes the examples of a dialogue, one for each turn of the assistant.

    With `whole` a dialogue is one example, with loss on each of its replies. `tokenizer` gives text its ids: the
    model's, by `FileTokenizer`. The recipe counts in it too, unless it counts in `words`. The user's audio is resampled
    to `rate`. Raises UsageError for an id that is needed and not given.
    """

    recipe: Recipe
    tokenizer: TextTokenizer
    vocabulary: Vocabulary
    user: UserAs = UserAs.AUDIO
    rate: Hertz = 16000
    whole: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.tokenizer, Words):
            raise UsageError("words have no ids: give the encoder the model's tokenizer, FileTokenizer(content)")
        markers = [marker for marker in self.recipe.markers.model_dump().values() if marker]
        if lacking := [marker for marker in markers if marker not in self.vocabulary.markers]:
            raise UsageError(f"the recipe's marker {lacking[0]!r} has no id: add it to the vocabulary's `markers`")
        if self.user is UserAs.AUDIO and self.vocabulary.audio is None:
            raise UsageError("no id stands for the user's audio: set the vocabulary's `audio`, or user=UserAs.UNITS")

    def __call__(self, dialogue: Dialogue) -> Iterator[Example]:
        """The examples, in the dialogue's order. Raises ExampleError."""
        turns: list[_Coded] = []
        for number, turn in enumerate(dialogue.turns):
            try:
                turns.append(self._reply(turn, dialogue) if turn.role is Role.ASSISTANT else self._said(turn, dialogue))
            except (ValueError, TokenizerError) as error:
                raise ExampleError(f"{dialogue.id}, turn {number}: {error}") from error
            if turn.role is Role.ASSISTANT and (not self.whole or number == len(dialogue.turns) - 1):
                yield self._example(dialogue.id, turns)

    def _example(self, dialogue: str, turns: Sequence[_Coded]) -> Example:
        """The turns so far, the last of which is a reply."""
        starts = np.cumsum([0, *(len(turn.ids) for turn in turns)])
        heard = [(turn.sound, start + turn.place) for turn, start in zip(turns, starts, strict=False)]
        loss = np.fromiter(chain.from_iterable(turn.learned for turn in turns), np.bool_)
        if not self.whole:
            loss[: starts[-2]] = False
        return Example(
            dialogue=dialogue,
            turn=len(turns) - 1,
            ids=np.fromiter(chain.from_iterable(turn.ids for turn in turns), np.int64),
            loss=loss,
            audio=tuple(sound for sound, _ in heard if sound is not None),
            places=np.array([place for sound, place in heard if sound is not None], np.int64),
            sample_rate=self.rate,
        )

    def _said(self, turn: Turn, dialogue: Dialogue) -> _Coded:
        """A turn of the user."""
        model, sound = self.vocabulary, None
        is_typed = turn.flac is None and not turn.duration
        if is_typed or self.user is UserAs.TEXT:
            content = self._text(turn.text)
        elif self.user is UserAs.UNITS or model.audio is None:
            content = self._units(*self._of_kind(turn, dialogue))
        else:
            content, sound = [model.audio], resample(turn.recording(), self.rate).audio
        ids = [*model.before_user, *content, *model.after_turn]
        return _Coded(ids, [False] * len(ids), sound, len(model.before_user))

    def _reply(self, turn: Turn, dialogue: Dialogue) -> _Coded:
        """A turn of the assistant. Raises ValueError if it lacks units, or word times that the recipe cuts at."""
        model, counted = self.vocabulary, Words() if self.recipe.tokenizer == WORDS else self.tokenizer
        units, kind = self._of_kind(turn, dialogue)
        books, rate = kind.codebooks, kind.rate
        spans = interleave(turn.text, units, self.recipe, counted, codebooks=books, times=turn.words, rate=rate)
        parts = [(self._span(span, kind), not span.marker or model.learn_markers) for span in spans]
        parts = [(list(model.before_reply), False), *parts, (list(model.after_turn), model.learn_markers)]
        ids = [one for some, _ in parts for one in some]
        return _Coded(ids, [is_learned for some, is_learned in parts for _ in some])

    def _span(self, span: Span, kind: UnitKind) -> list[int]:
        if span.marker:
            marker = self.vocabulary.markers[span.marker]
            return [marker] if isinstance(marker, int) else list(marker)
        return self._units(span.units, kind) if span.units else list(span.tokens) or self._text(span.text)

    def _text(self, text: str) -> list[int]:
        return [piece.token for piece in self.tokenizer.cut(text) if piece.token is not None]

    def _units(self, units: Sequence[int], kind: UnitKind) -> list[int]:
        """Frame by frame, each book in codes of its own."""
        first, books = self.vocabulary.first_unit, kind.codebooks
        return [first + place % books * kind.size + unit for place, unit in enumerate(units)]

    def _of_kind(self, turn: Turn, dialogue: Dialogue) -> tuple[Sequence[int], UnitKind]:
        """The turn's units of the recipe's kind, or of the corpus's first. Raises ValueError if there are none."""
        name = self.recipe.units or next(iter(dialogue.kinds), None)
        if name is None or name not in dialogue.kinds:
            raise ValueError(f"the corpus has no units of kind {name}, only {', '.join(dialogue.kinds) or 'text'}")
        if name not in turn.units or not turn.units[name]:
            raise ValueError(f"the turn has no units of kind {name}")
        units, kind = turn.units[name], dialogue.kinds[name]
        if not 0 <= min(units) <= max(units) < kind.size:
            raise ValueError(f"units of {name} from {min(units)} to {max(units)}, and there are {kind.size} codes")
        return units, kind
