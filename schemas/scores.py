"""What was measured of a take, and what the gate says of it."""

from collections.abc import Mapping

from pydantic import Field

from schemas.frozen import Frozen, Seconds, Share
from schemas.take import Word

UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
"""Languages that write no spaces between words: what was heard is compared by characters."""


class Hearing(Frozen):
    """What an ASR heard. Rates compare the normalised texts and can exceed 1; `transcript` is as heard.

    `language_model` names what the recogniser was told beforehand: a WER is only comparable with others of the
    same language model.
    """

    transcript: str
    wer: float = Field(ge=0.0)
    cer: float = Field(ge=0.0)
    language_model: str


class WordTimes(Frozen):
    """When the words of a text sound, as an aligner found them: the words as white space parts them, in order."""

    words: tuple[Word, ...]


class EmotionScore(Frozen):
    """One label and its probability."""

    label: str
    p: Share


class Feeling(Frozen):
    """What a speech-emotion recogniser answered: every label with its probability, summing to 1."""

    emotion: tuple[EmotionScore, ...] = Field(min_length=1)

    def p(self, *labels: str) -> Share:
        """The probability that it is one of `labels`; 0 for labels the recogniser does not know."""
        return min(1.0, sum(score.p for score in self.emotion if score.label in labels))

    @property
    def best(self) -> str:
        """The likeliest label."""
        return max(self.emotion, key=lambda score: score.p).label


class NamedScore(Frozen):
    """One of several measures, by its own name."""

    name: str
    value: float


class Quality(Frozen):
    """A model's guess of the mean opinion score, 1 (bad) to 5; `parts` are the further ones it gives."""

    mos: float
    parts: tuple[NamedScore, ...] = ()


class Likeness(Frozen):
    """How like the voice's own clips (or plain renderings) a take sounds: cosine of speaker embeddings, −1..1."""

    cosine: float = Field(ge=-1.0001, le=1.0001)


class Sound(Frozen):
    """Checks of the waveform itself. `clipping` is the part of samples at full scale; `rms` is in dBFS.

    Silence is what lies more than 40 dB below the take's loud parts; `longest_silence` counts inner pauses only.
    `waveform` is a digest of the samples: two takes with the same one are one recording.
    """

    duration: Seconds
    leading_silence: Seconds
    trailing_silence: Seconds
    longest_silence: Seconds
    clipping: Share
    rms: float
    seconds_per_character: Seconds
    waveform: str


class Scores(Frozen):
    """All that was measured of one take.

    `plain` is what the recogniser answered for the voice's neutral renderings (mean); None where it is not asked.
    `words` are times by alignment; None where the speech engine tells them, nobody is asked, or they were not found.
    """

    hearing: Hearing
    feeling: Feeling
    sound: Sound
    plain: Feeling | None = None
    second: Feeling | None = None
    quality: Quality | None = None
    likeness: Likeness | None = None
    words: WordTimes | None = None


class Limits(Frozen):
    """The gate's thresholds: a take passes if every measure is inside. Units are those of the scores.

    `wer` holds for languages that are compared by words, `cer` for those that write none apart. `emotion` is the least
    probability of the asked emotion; `emotions` sets another for single emotions, and `lifts` how far it must lie above
    the voice's neutral rendering. `second_emotion` is the same for the second recogniser.
    """

    wer: float = Field(default=0.2, ge=0.0)
    cer: float = Field(default=0.15, ge=0.0)
    emotion: Share = 0.4
    emotions: Mapping[str, Share] = {}
    lifts: Mapping[str, float] = {}
    second_emotion: Share = 0.4
    second_emotions: Mapping[str, Share] = {}
    mos: float = Field(default=0.0, ge=0.0, le=5.0)
    likeness: float = Field(default=0.0, ge=-1.0, le=1.0)
    shortest: Seconds = Field(default=0.4, ge=0.0)
    longest: Seconds = Field(default=30.0, gt=0.0)
    leading_silence: Seconds = Field(default=0.5, ge=0.0)
    trailing_silence: Seconds = Field(default=1.2, ge=0.0)
    longest_silence: Seconds = Field(default=1.5, ge=0.0)
    clipping: Share = 0.001
    quietest_rms: float = Field(default=-45.0, le=0.0)
    least_seconds_per_character: Seconds = Field(default=0.03, ge=0.0)
    most_seconds_per_character: Seconds = Field(default=0.2, gt=0.0)


class Reason(Frozen):
    """Why a take, a turn or a dialogue did not pass: the check, and a sentence with the figures."""

    check: str
    message: str


class Verdict(Frozen):
    """Every reason why not; passed if there is none."""

    reasons: tuple[Reason, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing stands against it."""
        return not self.reasons
