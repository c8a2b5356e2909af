"""Examples for training, one after the other, gone on with exactly where one stopped."""

from collections.abc import Callable, Iterable, Iterator

from pydantic import Field

from pipeline.engine.errors import UsageError
from pipeline.load.dialogues import Dialogues, State
from pipeline.load.encoder import Encoder, Example, ExampleError
from schemas.frozen import Frozen


class ExampleState(Frozen):
    """How far the examples were gone through: the dialogue at hand, and how many of its examples were given."""

    dialogues: State
    given: int = Field(default=0, ge=0)


class Examples(Iterable[Example]):
    """What `encoder` makes of `dialogues`: each `for` goes through what is left of an epoch.

    A dialogue that cannot be encoded ends it with ExampleError; with `left_out` given it is told there and passed over.
    Given a state, it goes on with the very next example, and the dialogues have to be as they were at first.
    """

    def __init__(
        self,
        dialogues: Dialogues,
        encoder: Encoder,
        state: ExampleState | None = None,
        left_out: Callable[[ExampleError], None] | None = None,
    ) -> None:
        if state is not None and state.dialogues != dialogues.state():
            raise UsageError("the dialogues are elsewhere than the state: give them state.dialogues")
        self._dialogues, self._encoder, self._left_out = dialogues, encoder, left_out
        self._state = state or ExampleState(dialogues=dialogues.state())

    def __iter__(self) -> Iterator[Example]:
        skipped = self._state.given
        for dialogue in self._dialogues:
            before = self._state.dialogues
            try:
                for number, example in enumerate(self._encoder(dialogue), start=1):
                    if number > skipped:
                        self._state = ExampleState(dialogues=before, given=number)
                        yield example
            except ExampleError as error:
                if self._left_out is None:
                    raise
                self._left_out(error)
            skipped = 0
            self._state = ExampleState(dialogues=self._dialogues.state())
        self._state = ExampleState(dialogues=self._dialogues.state())

    def state(self) -> ExampleState:
        """Where it is now."""
        return self._state

    def go_to(self, epoch: int) -> None:
        """The beginning of that epoch comes next."""
        self._dialogues.go_to(epoch)
        self._state = ExampleState(dialogues=self._dialogues.state())
