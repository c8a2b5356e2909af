"""Plain renderings of a voice are made where something compares with them, in the line's language, and only there."""

from dataclasses import replace
from pathlib import Path

import pytest

from flows.calibrate import _samples
from flows.references import wanted_references
from flows.road import Road
from pipeline.engine.ledger import Place
from pipeline.engine.storage import Folder
from pipeline.score.stage import FeelStage, Spoken
from schemas.pack import Pack
from schemas.run import Backend, EmotionBackend, RunConfig
from schemas.scores import Limits
from schemas.voice import NEUTRAL, Clip
from tests.flows.test_road import Player, idle_road, train_brief
from tests.plan.bound_voices import voice

PROSODY = EmotionBackend(backend="prosody")
ABSOLUTE = EmotionBackend(backend="funasr", settings={"model": "m"})
LIKENESS = Backend(backend="xvector", settings={"model": "m"})


def config(ser: EmotionBackend = ABSOLUTE, gate: Limits | None = None, **more: object) -> RunConfig:
    asr = Backend(backend="pocketsphinx")
    score = {"asr": asr, "ser": ser, **more}
    return RunConfig.model_validate({"pack": "empathy", "size": 1, "score": score, "gate": gate or Limits()})


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (config(PROSODY), True),
        (config(ABSOLUTE), False),
        (config(ABSOLUTE, second_ser=PROSODY), True),
        (config(ABSOLUTE, gate=Limits(lifts={"sad": 0.1})), True),
        (config(ABSOLUTE, likeness=LIKENESS), True),
    ],
)
def test_a_voice_by_name_is_rendered_plainly_for_what_compares(empathy: Pack, asked: RunConfig, wanted: bool) -> None:
    assert bool(wanted_references(asked, empathy, empathy.voices[0], "en")) is wanted


def test_likeness_to_a_cloned_voice_is_to_the_clip_that_there_is(empathy: Pack) -> None:
    clip = Clip(audio="a.wav", transcript="So.", digest="a")
    for clips in ({"sad": clip}, {"sad": clip.model_copy(update={"digest": "b"}), NEUTRAL: clip}):
        cloned = empathy.voices[0].model_copy(update={"clips": clips})
        assert cloned.recording == clip
        assert not wanted_references(config(likeness=LIKENESS), empathy, cloned, "en")


def test_a_score_depends_on_the_references_only_where_they_are_compared_with(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Spoken(Place(Folder("memory://takes"), "part", 0), "digest", "Text.", "en", ())
    full = replace(bare, references=((bare.place, "plain"),))
    assert FeelStage(PROSODY).key(bare) != FeelStage(PROSODY).key(full)
    monkeypatch.setattr("pipeline.score.prosody.COMPARES", False)
    assert FeelStage(PROSODY).key(bare) == FeelStage(PROSODY).key(full)


def test_a_run_in_which_nothing_compares_speaks_no_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared, alone = (idle_road(Folder(str(tmp_path / name))) for name in ("compared", "alone"))
    assert _spoken_plainly(compared)
    monkeypatch.setattr("pipeline.score.prosody.COMPARES", False)
    assert not _spoken_plainly(alone)


def _spoken_plainly(road: Road) -> list[str]:
    player = Player(road, lambda _: True)
    assert player.fate(train_brief(road)).accepted
    return [line.text for line in player.lines if line.delivery.intensity == 0]


def test_where_a_voice_has_no_plain_manner_calibration_compares_none_and_asks_each_for_what_it_can_show(
    tmp_path: Path, empathy: Pack
) -> None:
    road = idle_road(Folder(str(tmp_path)))
    cosyvoice = Backend(backend="cosyvoice", settings={"checkout": "c", "model": "m", "version": 2})
    config = road.config.model_copy(update={"speak": cosyvoice})
    seeds = replace(
        road, config=config, pack=empathy.model_copy(update={"voices": (voice("a", "sad"), voice("b", "happy"))})
    )
    found = _samples(seeds, 1, None)
    assert [(one.line.voice.id, one.line.delivery.emotion, one.plain) for one in found] == [
        ("a", "sad", ()),
        ("b", "happy", ()),
    ]
    assert all(one.plain for one in _samples(road, 1, 1))
