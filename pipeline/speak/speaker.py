"""What a speech engine must do to be a backend of the speak stage.

A backend is a module beside this one with

- `Settings` and `VoiceSettings`: pydantic models of what the run file and a voice's `engines` entry may say,
- `VERSION`: raise it when the same line would sound different,
- `identity(settings)`: what all its takes depend on, as a fingerprint; not where and how fast they are made,
- `abilities(settings) -> Abilities`: what it can be told; a pack that asks for more is refused,
- `build(settings, clips: Folder) -> Speaker` (or `AsyncSpeaker`, if its entry in `backends.py` says that it waits for a
  server): `clips` is the folder that the voices' clips lie in.

It is listed in `backends.py` and imported only when named; `Settings` can be checked without the engine's libraries.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from pipeline.engine.failure import Failure
from schemas.frozen import Frozen
from schemas.take import Line, Take


class Abilities(Frozen):
    """What a speech engine can be told, and what it gives.

    `languages` and `emotions` are those it knows, None for any. A delivery reaches it by `prosody` (numbers), by
    `instruction` (words; the settings have them for the emotions `instructed`) or by `emotion_clips` (a clip of the
    voice in that emotion). `named_voices` are speakers of its own, `clips` voices cloned from a recording. `tags` are
    the sounds it makes where a text has them in brackets: laughter, for [laughter]. Without `seed` another try is left
    to chance. `word_times` and `units` (the kind, None for none) come with each take.
    """

    languages: tuple[str, ...] | None = None
    emotions: tuple[str, ...] | None = None
    prosody: bool = False
    instruction: bool = False
    instructed: frozenset[str] = frozenset()
    named_voices: bool = False
    clips: bool = False
    emotion_clips: bool = False
    tags: tuple[str, ...] = ()
    seed: bool = True
    word_times: bool = False
    units: str | None = None


class Speaker(Protocol):
    """Turns lines into takes, one for one and in order; the same line gives the same samples."""

    def speak(self, lines: Sequence[Line]) -> Iterator[Take | Failure]:
        """Yield each line's take as soon as it is made, or why there is none. Never raises for a single line."""
        ...

    def close(self) -> None:
        """Let go of processes and memory."""
        ...


class AsyncSpeaker(Protocol):
    """A speech server. Many lines are asked for at once."""

    async def speak_one(self, line: Line) -> Take | Failure:
        """The line's take, or why there is none. Raises WarmlineError for what stops the whole run."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
