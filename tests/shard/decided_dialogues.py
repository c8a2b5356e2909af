"""Decided dialogues for the shard tests, with real FLAC in a real ledger."""

from dataclasses import replace
from functools import cache
from hashlib import blake2b

import numpy as np

from pipeline.audio.recording import Recording, encode_flac
from pipeline.engine.ledger import Entry, Ledger, write_part
from pipeline.engine.storage import Folder
from pipeline.shard.row import WHOLE, Decided, Objection, Provenance, RowMaker, SpokenTurn, UnitKind
from pipeline.shard.sequence import Sequencer
from schemas.brief import Brief, Speaker
from schemas.dialogue import Dialogue, Turn
from schemas.recipe import Recipe
from schemas.run import Backend, EmotionBackend, ScoreBackends
from schemas.scores import EmotionScore, Feeling, Hearing, Reason, Scores, Sound
from schemas.take import Line, TakeRecord, Word
from schemas.units import UnitSequence
from schemas.voice import Age, Delivery, Gender, Role, Split, Style, Voice

MAKER = RowMaker(
    Sequencer(Recipe(), {"kmeans": 25.0}),
    Provenance(
        pack="pack",
        pack_digest="digest",
        seed=7,
        writer="writer",
        speaker="speaker",
        asr="asr",
        ser="ser",
        second_ser=None,
        mos=None,
        likeness=None,
        words="engine",
        warmline="0",
        units={"kmeans": UnitKind(25.0, 1024)},
    ),
    ScoreBackends(asr=Backend(backend="asr"), ser=EmotionBackend(backend="ser")),
)
VOICE = Voice(
    id="ann",
    gender=Gender.FEMALE,
    age=Age.ADULT,
    engines={"espeak": {"variant": "f5"}},
    licence="CC0-1.0",
    consent="synthetic",
)


@cache
def flac(seed: int) -> bytes:
    noise = np.random.default_rng(seed).uniform(-0.3, 0.3, 16000).astype(np.float32)
    return encode_flac(Recording(noise, 16000))


@cache
def _ledger(folder: Folder) -> Ledger:
    return Ledger(folder, "speak").open()


def decided(folder: Folder, index: int, split: Split = Split.TRAIN, text: str = "") -> Decided:
    """Dialogue number `index`: two turns of one second, 30 kB each."""
    side = Speaker(voice="ann", gender=Gender.FEMALE, age=Age.ADULT, emotion="sad", intensity=1.0)
    brief = Brief(
        id=f"d-{index}",
        index=index,
        split=split,
        language="en",
        kind="dialogue",
        situation="rain",
        user=side,
        assistant=side,
        turns=2,
        text_seed=index,
    )
    turns = tuple(
        Turn(role=role, text=f"{text or f'It rains {index}'} for the {role}.", emotion="sad", intensity=1.0)
        for role in Role
    )
    spoken = tuple(_spoken(folder, turn, 2 * index + place) for place, turn in enumerate(turns))
    return Decided(brief, Dialogue(turns=turns), spoken, takes=2)


def rejected(one: Decided) -> Decided:
    return replace(one, objections=(Objection(WHOLE, Reason(check="wer", message="misheard")),))


def _spoken(folder: Folder, turn: Turn, seed: int) -> SpokenTurn:
    sound = flac(seed)
    key = f"{seed:032x}"
    ledger = _ledger(folder)
    if key not in ledger:
        ledger.take_in(write_part(folder, "speak", [Entry(key, "{}", sound)]))
    take = TakeRecord(
        sample_rate=16000,
        duration=1.0,
        words=(Word(text="It", start=0.1, end=0.2),),
        engine="noise",
        digest=blake2b(sound, digest_size=16).hexdigest(),
        size=len(sound),
    )
    delivery = Delivery(emotion="sad", intensity=1.0, style=Style(instruction="Softly."))
    line = Line(text=turn.text, language="en", voice=VOICE, delivery=delivery, seed=seed)
    scores = Scores(
        hearing=Hearing(transcript="it rains", wer=0.0, cer=0.0, language_model="dialogue"),
        feeling=Feeling(emotion=(EmotionScore(label="sad", p=0.75), EmotionScore(label="happy", p=0.25))),
        sound=Sound(
            duration=1.0,
            leading_silence=0.0,
            trailing_silence=0.0,
            longest_silence=0.0,
            clipping=0.0,
            rms=-15.0,
            seconds_per_character=0.1,
            waveform=take.digest,
        ),
    )
    units = {"kmeans": UnitSequence(revision="r1", units=tuple(range(25)))}
    return SpokenTurn(turn, line, 1, take, ledger.place(key), scores, units)
