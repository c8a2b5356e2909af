"""A decided dialogue, and the row it becomes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.ledger import Place, blobs
from pipeline.shard.sequence import Sequencer
from schemas.brief import Brief, Speaker
from schemas.dialogue import Dialogue, Turn
from schemas.judgement import Judgement
from schemas.run import ScoreBackends
from schemas.scores import Feeling, Reason, Scores
from schemas.take import Line, TakeRecord, Word
from schemas.units import UnitSequence

Cell = str | int | float | bytes | None | Sequence["Cell"] | Mapping[str, "Cell"]
Row = Mapping[str, Cell]
"""A row as Arrow takes it in: the one place where names are strings."""

WHOLE = -1
"""The place of a reason that concerns the dialogue and no single turn."""


@dataclass(frozen=True)
class SpokenTurn:
    """A turn with its take, as far as it came: what is missing is None. A typed turn has neither line nor take."""

    turn: Turn
    line: Line | None = None
    attempts: int = 0
    take: TakeRecord | None = None
    place: Place | None = None
    scores: Scores | None = None
    units: Mapping[str, UnitSequence] | None = None

    @property
    def words(self) -> tuple[Word, ...]:
        """The engine's own word times, else those found by alignment, else none."""
        if self.take is not None and self.take.words:
            return self.take.words
        return self.scores.words.words if self.scores is not None and self.scores.words is not None else ()


@dataclass(frozen=True)
class Objection:
    """A reason and the number of the turn it concerns (from 0), or WHOLE."""

    turn: int
    reason: Reason


@dataclass(frozen=True)
class Decided:
    """A dialogue whose fate is known: kept if nothing stands against it. Without a judge it has no judgement."""

    brief: Brief
    dialogue: Dialogue | None
    turns: tuple[SpokenTurn, ...]
    objections: tuple[Objection, ...] = ()
    takes: int = 0
    judgement: Judgement | None = None

    @property
    def accepted(self) -> bool:
        """Whether it goes into the corpus."""
        return not self.objections

    @property
    def size(self) -> int:
        """Bytes of its audio."""
        return sum(turn.take.size for turn in self.turns if turn.take is not None)


@dataclass(frozen=True)
class UnitKind:
    """What is known of one kind of units before a take is encoded: rate per second and number of codes."""

    rate: float
    size: int


@dataclass(frozen=True)
class Provenance:
    """What all rows of a corpus share of where they come from."""

    pack: str
    pack_digest: str
    seed: int
    writer: str
    speaker: str
    asr: str
    ser: str
    second_ser: str | None
    mos: str | None
    likeness: str | None
    words: str
    warmline: str
    units: Mapping[str, UnitKind]
    judge: str | None = None


@dataclass(frozen=True)
class PlainRow:
    """A row as far as it needs no audio to be read, its `turns` once more by themselves, and their audio's digests."""

    id: str
    columns: Row
    turns: Sequence[Mapping[str, Cell]]
    digests: Sequence[str]

    @property
    def identity(self) -> str:
        """A fingerprint of the row, audio and all."""
        return fingerprint(repr(self.columns), self.digests)

    def sounding(self, sounds: Iterator[bytes | None]) -> Row:
        """The row with the next sounds, one a turn."""
        turns: list[Cell] = []
        for number, turn in enumerate(self.turns):
            sound = next(sounds)
            audio: Cell = {"bytes": sound, "path": f"{self.id}-{number:02d}.flac"} if sound else None
            turns.append({**turn, "audio": audio})
        return {**self.columns, "turns": turns}


@dataclass(frozen=True)
class RowMaker:
    """Turns decided dialogues into rows of schemas.shard. `listeners` say what the recognisers call an emotion."""

    sequencer: Sequencer
    provenance: Provenance
    listeners: ScoreBackends

    def rows(self, decided: Sequence[Decided], plain: Sequence[PlainRow]) -> list[Row]:
        """The rows with their audio, read from the ledger now. `plain` are the same rows without."""
        sounds = iter(blobs([turn.place for one in decided for turn in one.turns]))
        return [row.sounding(sounds) for row in plain]

    def plain(self, decided: Decided) -> PlainRow:
        """The row without its audio."""
        brief = decided.brief
        turns = [self._turn(turn) for turn in decided.turns]
        columns: Row = {
            "id": brief.id,
            "language": brief.language,
            "kind": brief.kind,
            "situation": brief.situation,
            "arc": brief.arc,
            "length": brief.length or None,
            "set": brief.index // len(brief.members) if brief.members else None,
            "user": _side(brief.user),
            "assistant": _side(brief.assistant),
            "turns": turns,
            "judgement": _judgement(decided.judgement) if decided.judgement else None,
            "provenance": self._provenance(decided),
            "reasons": [
                {"turn": one.turn, "check": one.reason.check, "message": one.reason.message}
                for one in decided.objections
            ],
        }
        return PlainRow(brief.id, columns, turns, [turn.take.digest if turn.take else "" for turn in decided.turns])

    def _turn(self, spoken: SpokenTurn) -> dict[str, Cell]:
        turn, line, take = spoken.turn, spoken.line, spoken.take
        units = {name: list[Cell](sequence.units) for name, sequence in (spoken.units or {}).items()}
        return {
            "role": turn.role,
            "text": turn.text,
            "emotion": turn.emotion,
            "delivery": _delivery(line) if line else None,
            "voice": line.voice.id if line else None,
            "audio": None,
            "sample_rate": take.sample_rate if take else None,
            "duration": take.duration if take else None,
            "words": [{"text": w.text, "start": w.start, "end": w.end} for w in spoken.words] if take else None,
            "units": {**units} if units else None,
            "interleaved": self._interleaved(spoken),
            "scores": _scores(spoken.scores, turn.emotion, self.listeners) if spoken.scores else None,
            "attempts": spoken.attempts,
            "engine": take.engine if take else None,
            "seed": line.seed if line else None,
        }

    def _interleaved(self, spoken: SpokenTurn) -> Cell:
        """The text and the units of the recipe's kind, as the recipe says."""
        steps = self.sequencer.steps(spoken.turn.text, spoken.words, spoken.units)
        if steps is None:
            return None
        return [
            {"text": step.text, "tokens": list(step.tokens), "units": list(step.units), "marker": step.marker}
            for step in steps
        ]

    def _provenance(self, decided: Decided) -> dict[str, Cell]:
        given = self.provenance
        sequences = {name: sequence for turn in decided.turns for name, sequence in (turn.units or {}).items()}
        revisions = {name: sequence.revision for name, sequence in sequences.items()}
        sources = {name: sequence.source for name, sequence in sequences.items()}
        codebooks = {name: sequence.codebooks for name, sequence in sequences.items()}
        return {
            "pack": given.pack,
            "pack_digest": given.pack_digest,
            "index": decided.brief.index,
            "seed": given.seed,
            "writer": given.writer,
            "judge": given.judge,
            "speaker": given.speaker,
            "asr": given.asr,
            "ser": given.ser,
            "second_ser": given.second_ser,
            "mos": given.mos,
            "likeness": given.likeness,
            "words": given.words,
            "units": {
                name: {
                    "revision": revisions.get(name),
                    "rate": kind.rate,
                    "size": kind.size,
                    "codebooks": codebooks.get(name),
                    "source": sources.get(name),
                }
                for name, kind in given.units.items()
            },
            "warmline": given.warmline,
        }


def _judgement(judgement: Judgement) -> dict[str, Cell]:
    scores: list[Cell] = [{"scale": scale, "score": mark} for scale, mark in judgement.scores.items()]
    return {"scores": scores, "reason": judgement.reason}


def _delivery(line: Line) -> dict[str, Cell]:
    return {"intensity": line.delivery.intensity, "instruction": line.delivery.style.instruction}


def _side(speaker: Speaker) -> dict[str, Cell]:
    return {
        "voice": speaker.voice,
        "gender": speaker.gender,
        "age": speaker.age,
        "emotion": speaker.emotion,
        "intensity": speaker.intensity,
        "persona": speaker.persona or None,
    }


def _scores(scores: Scores, emotion: str, listeners: ScoreBackends) -> dict[str, Cell]:
    heard, felt, sound = scores.hearing, scores.feeling, scores.sound
    second = scores.second
    second_names = listeners.second_ser.names(emotion) if listeners.second_ser else ()
    return {
        "transcript": heard.transcript,
        "wer": heard.wer,
        "cer": heard.cer,
        "language_model": heard.language_model,
        "emotion": _feeling(felt),
        "emotion_match": felt.p(*listeners.ser.names(emotion)),
        "second_emotion": _feeling(second) if second else None,
        "second_emotion_match": second.p(*second_names) if second else None,
        "leading_silence": sound.leading_silence,
        "trailing_silence": sound.trailing_silence,
        "silence": sound.longest_silence,
        "clipping": sound.clipping,
        "rms": sound.rms,
        "mos": scores.quality.mos if scores.quality else None,
        "likeness": scores.likeness.cosine if scores.likeness else None,
    }


def _feeling(feeling: Feeling) -> list[Cell]:
    return [{"label": score.label, "p": score.p} for score in feeling.emotion]
