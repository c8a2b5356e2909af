"""Backend `cosyvoice`: CosyVoice 2 and 3 from a checkout of upstream, voices cloned from the pack's clips.

Neither CosyVoice nor torch is imported before `build`, so that a run can be checked without them.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from pydantic import ValidationError

from pipeline.engine.errors import WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.storage import Folder
from pipeline.speak.cosyvoice_clips import ClipFiles
from pipeline.speak.cosyvoice_engine import Engine, NoRenderingError, NoRoomError
from pipeline.speak.cosyvoice_folder import revision
from pipeline.speak.cosyvoice_prompts import Prompt, prompt, refused, sentences
from pipeline.speak.cosyvoice_settings import LANGUAGES, TAGS, Settings, VoiceSettings
from pipeline.speak.cosyvoice_tokens import RATE, SIZE, Rendering, fault
from pipeline.speak.speaker import Abilities
from schemas.take import Line, Take
from schemas.units import GeneratedUnits
from schemas.voice import NEUTRAL

VERSION = "2"

_NORMALISED = ("en", "zh", "yue")
"""Upstream spells numbers out in Chinese or else in English, whatever the language is."""


def identity(settings: Settings) -> str:
    """Weights by version, folder name and revision, and all that shapes a take; not where they lie."""
    return fingerprint(settings.model_name, settings.model_dump(exclude={"checkout", "model", "renew_after"}))


def abilities(settings: Settings) -> Abilities:
    """Clones voices; takes an emotion from a clip or an instruction; its speech tokens are S3's."""
    return Abilities(
        languages=LANGUAGES[settings.version],
        instruction=True,
        instructed=frozenset(settings.instructions),
        clips=True,
        emotion_clips=True,
        tags=TAGS,
        units="s3",
    )


def build(settings: Settings, clips: Folder) -> "CosyVoice":
    """Load the model. Raises UsageError or WarmlineError for what is missing or cannot work."""
    return CosyVoice(settings, clips)


class CosyVoice:
    """Speaks lines one after the other; a line that goes wrong is a Failure with what was wrong with it."""

    def __init__(self, settings: Settings, clips: Folder) -> None:
        self._settings = settings
        self._engine: Engine | None = Engine(settings)
        self._revision = revision(settings)
        self._clips = ClipFiles(clips)
        self._tries = 0

    def speak(self, lines: Sequence[Line]) -> Iterator[Take | Failure]:
        """Yield each line's take as float32 at 24 kHz, with the tokens it was made from as units of kind `s3`.

        Raises UsageError for a clip that no voice can be taken from, WarmlineError if the GPU has no room for a line.
        """
        for line in lines:
            yield self._take(line)

    def close(self) -> None:
        """Let go of the model and of the clips' files."""
        self._let_go()
        self._clips.close()

    def _take(self, line: Line) -> Take | Failure:
        known = LANGUAGES[self._settings.version]
        if line.language not in known:
            return Failure(f"CosyVoice {self._settings.version} speaks {', '.join(known)}, not {line.language}")
        if reason := refused(line.text):
            return Failure(reason)
        try:
            voice = VoiceSettings.model_validate(line.voice.engines.get("cosyvoice", {}))
        except ValidationError as error:
            return Failure(f"voice {line.voice.id}: {error.errors()[0]['msg']}")
        before = prompt(line, voice, self._settings)
        if before is None:
            wanted = " or ".join(dict.fromkeys((line.delivery.emotion, NEUTRAL)))
            return Failure(f"voice {line.voice.id} has no {wanted} clip to be cloned from")
        try:
            rendering = self._rendering(line, before)
        except NoRenderingError as error:
            return Failure(str(error))
        if reason := fault(rendering, line.text):
            return Failure(reason)
        units = GeneratedUnits(kind="s3", revision=self._revision, rate=RATE, size=SIZE, units=rendering.tokens)
        engine = f"CosyVoice {self._settings.version}, {before.way}"
        return Take(rendering.audio, rendering.sample_rate, engine=engine, units=units)

    def _rendering(self, line: Line, before: Prompt) -> Rendering:
        engine = self._ready()
        self._tries += 1
        with suppress(NoRoomError):
            return self._spoken(engine, [line.text], line, before)
        engine.make_room()  # not sooner: the error's frames held on to what is to go
        try:
            return self._spoken(engine, sentences(line.text), line, before)
        except NoRoomError as error:
            if self._tries > 1:
                raise NoRoomError(f"no room for this line, sentence by sentence neither: {error}") from error
            raise WarmlineError(
                f"the GPU has no room for a single line beside {self._settings.model_name}: give each worker a larger "
                f"share of it, or set speak.settings.fp16 ({error})"
            ) from error

    def _spoken(self, engine: Engine, texts: Sequence[str], line: Line, before: Prompt) -> Rendering:
        normalise = line.language in _NORMALISED
        clip = before.clip
        name = f"{line.voice.id}/{fingerprint(clip.audio, clip.digest, before.words, normalise)}"
        engine.register(name, before.words, self._clips.path(clip), normalise)
        return engine.render(texts, name, before.way, line.seed, normalise)

    def _ready(self) -> Engine:
        """The engine; a new one when this one has had its time."""
        if self._engine is None or self._tries >= self._settings.renew_after:
            self._let_go()
            self._engine, self._tries = Engine(self._settings), 0
        return self._engine

    def _let_go(self) -> None:
        if self._engine is not None:
            engine, self._engine = self._engine, None
            engine.close()
