"""Decided dialogues with real renderings in a real ledger, as many as are asked for: what packing is measured on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np

from pipeline.audio.recording import Recording, encode_flac
from pipeline.config.run import load_run, shipped
from pipeline.engine.failure import Failure
from pipeline.engine.ledger import Entry, Ledger, write_part
from pipeline.engine.storage import Folder
from pipeline.plan.briefs import Planner
from pipeline.shard.row import Decided, Provenance, RowMaker, SpokenTurn, UnitKind
from pipeline.shard.sequence import Sequencer
from pipeline.speak import espeak
from pipeline.speak.retake import line
from pipeline.write import phrasebook
from pipeline.write.writer import Commissions
from schemas.brief import Brief
from schemas.dialogue import Dialogue
from schemas.recipe import Recipe
from schemas.scores import EmotionScore, Feeling, Hearing, Scores, Sound
from schemas.take import Take, TakeRecord
from schemas.units import KINDS, UnitSequence
from schemas.voice import Split

UNITS = ("glm4voice", "kmeans")
_LABELS = ("sad", "happy", "neutral", "angry", "fearful", "surprised", "excited", "frustrated")
_PART = 32
_PROVENANCE = Provenance(
    pack="empathy",
    pack_digest="0" * 32,
    seed=7,
    writer="phrasebook",
    speaker="espeak",
    asr="pocketsphinx",
    ser="prosody",
    second_ser=None,
    mos=None,
    likeness=None,
    words="engine",
    warmline="0",
    units={name: UnitKind(KINDS[name].rate, KINDS[name].size) for name in UNITS},
)


@dataclass(frozen=True)
class Material:
    """Distinct dialogues, their takes turn by turn, and what makes rows of them."""

    dialogues: Sequence[Decided]
    takes: Sequence[Sequence[Take]]
    maker: RowMaker

    def many(self, count: int) -> Iterator[Decided]:
        """Dialogues in the plan's order, all of one split: the same ones again and again, each time by another id."""
        for number in range(count):
            one = self.dialogues[number % len(self.dialogues)]
            new = {"id": f"bench-7-{number:07d}", "index": number, "split": Split.TRAIN}
            yield replace(one, brief=one.brief.model_copy(update=new))


def material(folder: Folder, count: int) -> Material:
    """Write and speak the plan's first dialogues, the takes into a ledger in `folder`."""
    run = load_run(shipped("run.yaml"))
    voiced = _Voiced(Planner(run.pack.pack, 7, run.config.shard.splits))
    spoken = [voiced.dialogue(brief) for brief in voiced.planner.briefs(0, count)]
    voiced.speaker.close()
    flacs = [_flac(take) for _, takes in spoken for take in takes]
    entries = [Entry(f"{number:032x}", "{}", flac) for number, flac in enumerate(flacs)]
    ledger = Ledger(folder, "speak").open()
    for begin in range(0, len(entries), _PART):
        ledger.take_in(write_part(folder, "speak", entries[begin : begin + _PART]))
    kept = zip(entries, flacs, strict=True)
    dialogues: list[Decided] = []
    for decided, takes in spoken:
        turns = []
        for turn, take in zip(decided.turns, takes, strict=True):
            entry, flac = next(kept)
            turns.append(replace(_scored(turn, take, flac, len(dialogues)), place=ledger.place(entry.key)))
        dialogues.append(replace(decided, turns=tuple(turns)))
    sequencer = Sequencer(Recipe(), {name: KINDS[name].rate for name in UNITS})
    return Material(dialogues, [takes for _, takes in spoken], RowMaker(sequencer, _PROVENANCE, run.config.score))


class _Voiced:
    """Who writes and speaks."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.speaker = espeak.build(espeak.Settings())
        self._commissions = Commissions(planner.pack)
        self._writer = phrasebook.build(phrasebook.Settings(), planner.pack)

    def dialogue(self, brief: Brief) -> tuple[Decided, list[Take]]:
        """A dialogue, all of whose turns are spoken, and its takes."""
        (answer,) = self._writer.write([self._commissions.of(brief)])
        if isinstance(answer, Failure):
            raise SystemExit(answer.reason)
        turns, takes = [], []
        for place, turn in enumerate(answer.dialogue.turns):
            voice = self.planner.voices[brief.speaker(turn.role).voice]
            said = line(self.planner.pack, brief, turn, place, voice, tries=0, step=0)
            (take,) = self.speaker.speak([said])
            if isinstance(take, Failure):
                raise SystemExit(take.reason)
            turns.append(SpokenTurn(turn, said, 1))
            takes.append(take)
        return Decided(brief, Dialogue(turns=answer.dialogue.turns), tuple(turns)), takes


def _flac(take: Take) -> bytes:
    return encode_flac(Recording(take.audio, take.sample_rate))


def _scored(turn: SpokenTurn, take: Take, flac: bytes, seed: int) -> SpokenTurn:
    """The turn with its take's record, units that are drawn, and scores as a run's rows have them."""
    digest = blake2b(flac, digest_size=16).hexdigest()
    record = TakeRecord(
        sample_rate=take.sample_rate,
        duration=take.duration,
        words=take.words,
        engine=take.engine,
        digest=digest,
        size=len(flac),
    )
    draw = np.random.default_rng([seed, len(flac)])
    units = {
        name: UnitSequence(
            revision=digest,
            units=tuple(draw.integers(0, KINDS[name].size, round(take.duration * KINDS[name].rate)).tolist()),
        )
        for name in UNITS
    }
    parts = draw.dirichlet([1.0] * len(_LABELS)).tolist()
    scores = Scores(
        hearing=Hearing(transcript=turn.turn.text.lower(), wer=0.0, cer=0.0, language_model="dialogue"),
        feeling=Feeling(emotion=tuple(EmotionScore(label=name, p=p) for name, p in zip(_LABELS, parts, strict=True))),
        sound=Sound(
            duration=take.duration,
            leading_silence=0.1,
            trailing_silence=0.1,
            longest_silence=0.2,
            clipping=0.0,
            rms=-20.0,
            seconds_per_character=0.07,
            waveform=digest,
        ),
    )
    return replace(turn, take=record, scores=scores, units=units)
