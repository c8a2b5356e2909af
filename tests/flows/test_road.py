"""The road is a pure function of the ledgers: these tests put results there and read the fate of a dialogue."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import pytest

from flows.road import Needs, Road
from flows.session import open_road
from flows.workplaces import idle_workplaces
from pipeline.config.run import load_run, shipped
from pipeline.engine.ledger import Entry, Ledger, write_part
from pipeline.engine.storage import Folder
from pipeline.score.stage import Spoken
from pipeline.shard.row import Decided
from pipeline.write.writer import Commission, Member
from schemas.brief import Brief, Kind
from schemas.dialogue import Dialogue, Turn, Written
from schemas.frozen import Frozen
from schemas.scores import EmotionScore, Feeling, Hearing, Sound
from schemas.steering import Contrast
from schemas.take import Line, TakeRecord
from schemas.units import UnitSequence
from schemas.voice import Role, Split

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven")

Passes = Callable[[Line], bool]


def idle_road(folder: Folder, *overrides: str) -> Road:
    run = load_run(shipped("run.yaml"), overrides)
    return open_road(run, folder, idle_workplaces(run.config))


@pytest.fixture
def road(tmp_path: Path) -> Road:
    return idle_road(Folder(str(tmp_path)))


def train_brief(road: Road) -> Brief:
    return next(brief for brief in road.planner.briefs(0, 200) if brief.split is Split.TRAIN and brief.turns == 4)


def _dialogue(item: Commission, sides: Commission | Member) -> Dialogue:
    turns = [
        Turn(role=role, text=f"Turn {name} is spoken.", emotion=side.emotion, intensity=1.0)
        for name, (role, side) in zip(
            NUMBERS[: item.turns],
            [(Role.USER, sides.user), (Role.ASSISTANT, sides.assistant)] * item.turns,
            strict=False,
        )
    ]
    return Dialogue(turns=tuple(turns))


class Player:
    """Makes what a dialogue needs, as told: a line passes or is heard wrong."""

    def __init__(self, road: Road, passes: Passes) -> None:
        self.road, self.passes = road, passes
        self.lines: list[Line] = []
        self._by_digest: dict[str, Line] = {}

    def fate(self, brief: Brief) -> Decided:
        for _ in range(60):
            fate = self.road.resolve(brief)
            if isinstance(fate, Decided):
                return fate
            self._make(fate)
        raise AssertionError("no end to it")

    def _make(self, needs: Needs) -> None:
        memos = self.road.memos
        for item in needs.write:
            members = tuple(_dialogue(item, sides) for sides in item.members)
            written = Written(dialogue=members[0] if members else _dialogue(item, item), members=members)
            self._put(memos.write.ledger, memos.write.stage.key(item), written)
        for line in {memos.speak.stage.key(line): line for line in needs.speak}.values():
            self.lines.append(line)
            digest = blake2b(line.model_dump_json().encode(), digest_size=16).hexdigest()
            self._by_digest[digest] = line
            record = TakeRecord(sample_rate=16000, duration=1.4, words=(), engine="none", digest=digest, size=9)
            self._put(memos.speak.ledger, memos.speak.stage.key(line), record, b"sound")
        for spoken in needs.score:
            self._score(spoken)
        for memo in memos.units.values():
            for sounded in needs.units:
                self._put(memo.ledger, memo.stage.key(sounded), UnitSequence(revision="r", units=(1, 2, 3)))

    def _score(self, item: Spoken) -> None:
        memos, line = self.road.memos, self._by_digest[item.digest]
        wer = 0.0 if self.passes(line) else 0.9
        hearing = Hearing(transcript="", wer=wer, cer=wer, language_model="dialogue")
        feeling = Feeling(emotion=(EmotionScore(label=line.delivery.emotion, p=1.0),))
        sound = Sound(
            duration=1.4,
            leading_silence=0,
            trailing_silence=0,
            longest_silence=0,
            clipping=0,
            rms=-20,
            seconds_per_character=0.07,
            waveform=item.digest,
        )
        self._put(memos.listeners.hear.ledger, memos.listeners.hear.stage.key(item), hearing)
        self._put(memos.listeners.feel.ledger, memos.listeners.feel.stage.key(item), feeling)
        self._put(memos.listeners.sound.ledger, memos.listeners.sound.stage.key(item), sound)

    @staticmethod
    def _put(ledger: Ledger, key: str, value: Frozen, blob: bytes | None = None) -> None:
        ledger.take_in(write_part(ledger.folder, ledger.stage, [Entry(key, value.model_dump_json(), blob)]))

    def tries_of(self, text: str) -> list[Line]:
        return [line for line in self.lines if line.text == text]


def test_what_passes_at_once_is_spoken_once(road: Road) -> None:
    player = Player(road, lambda _: True)
    fate = player.fate(train_brief(road))
    assert fate.accepted
    assert [turn.attempts for turn in fate.turns] == [1, 1, 1, 1]
    assert all(turn.units for turn in fate.turns)


def test_the_ladder_is_another_seed_then_a_stronger_delivery_then_another_voice(road: Road) -> None:
    brief = train_brief(road)
    player = Player(road, lambda line: line.text != "Turn two is spoken." or line.voice.id != brief.user.voice)
    fate = player.fate(brief)
    assert fate.accepted
    first, second, third, fourth = player.tries_of("Turn two is spoken.")
    assert len({first.seed, second.seed, third.seed, fourth.seed}) == 4
    assert (second.delivery.intensity, third.delivery.intensity) == (1.0, 1.25)
    assert first.voice == second.voice == third.voice != fourth.voice
    assert (fourth.voice.gender, fourth.voice.age, fourth.voice.split) == (
        first.voice.gender,
        first.voice.age,
        first.voice.split,
    )
    assert fourth.voice.id != brief.assistant.voice


def test_a_speaker_keeps_one_voice_in_all_their_turns(road: Road) -> None:
    brief = train_brief(road)
    player = Player(road, lambda line: line.text != "Turn two is spoken." or line.voice.id != brief.user.voice)
    fate = player.fate(brief)
    voices = [turn.line.voice.id for turn in fate.turns[::2] if turn.line is not None]
    assert len(set(voices)) == 1
    assert voices[0] != brief.user.voice, "turn 0 had passed, and was spoken again all the same"
    assert [turn.attempts for turn in fate.turns] == [2, 1, 4, 1]


def test_when_nothing_helps_the_dialogue_is_dropped_with_its_reasons_and_its_cost(road: Road) -> None:
    player = Player(road, lambda line: line.text != "Turn two is spoken.")
    fate = player.fate(train_brief(road))
    assert not fate.accepted
    assert [(one.turn, one.reason.check) for one in fate.objections] == [(2, "wer")]
    assert fate.takes == len([line for line in player.lines if line.text.startswith("Turn")])
    assert len(player.tries_of("Turn two is spoken.")) == 1 + road.config.retakes


def test_without_another_voice_it_is_dropped_and_says_so(road: Road) -> None:
    brief = next(brief for brief in road.planner.briefs(0, 500) if brief.split is Split.TEST)
    alike = [
        voice
        for voice in road.pack.voices
        if voice.split is Split.TEST and (voice.gender, voice.age) == (brief.user.gender, brief.user.age)
    ]
    assert len(alike) == 1, "the shipped pack has one such voice in test"
    player = Player(road, lambda line: line.text != "Turn zero is spoken.")
    fate = player.fate(brief)
    assert any("no further" in one.reason.message for one in fate.objections)


def test_a_fate_does_not_depend_on_which_results_came_first(road: Road, tmp_path: Path) -> None:
    brief = train_brief(road)

    def passes(line: Line) -> bool:
        return line.voice.id != brief.user.voice or line.text == "Turn zero is spoken."

    at_once = Player(road, passes).fate(brief)
    other = idle_road(Folder(str(tmp_path / "other")))
    slow = Player(other, passes)
    while not isinstance(needs := other.resolve(brief), Decided):
        one = Needs(needs.write[-1:], needs.speak[-1:], needs.score[-1:], units=needs.units[-1:])
        slow._make(one)
    assert needs.objections == at_once.objections
    assert [turn.line for turn in needs.turns] == [turn.line for turn in at_once.turns]
    assert [turn.attempts for turn in needs.turns] == [turn.attempts for turn in at_once.turns]


def test_a_text_that_the_packs_rules_object_to_is_not_spoken_and_says_why(road: Road) -> None:
    brief = train_brief(road)
    said = ("My dog **died**.", "How old was it?", "Call me at five five five, two three four nine.", "I am so sorry.")
    turns = tuple(
        Turn(role=role, text=text, emotion="sad", intensity=1.0)
        for text, role in zip(said, [Role.USER, Role.ASSISTANT] * 2, strict=True)
    )
    write, written = road.memos.write, Written(dialogue=Dialogue(turns=turns))
    entry = Entry(write.stage.key(road.commissions.of(brief)), written.model_dump_json())
    write.ledger.take_in(write_part(write.ledger.folder, "write", [entry]))
    fate = road.resolve(brief)
    assert isinstance(fate, Decided)
    assert [(one.turn, one.reason.check) for one in fate.objections] == [(0, "text.spoken"), (2, "text.personal_data")]
    assert "'**died**' is markdown" in fate.objections[0].reason.message
    assert [turn.take for turn in fate.turns] == [None] * 4


def test_typed_turns_need_no_voice_and_have_none_in_the_row(road: Road) -> None:
    brief = train_brief(road).model_copy(update={"kind": Kind.TEXT_INPUT})
    player = Player(road, lambda _: True)
    fate = player.fate(brief)
    assert fate.accepted
    assert [turn.line is None for turn in fate.turns] == [True, False, True, False]
    assert [turn.units is None for turn in fate.turns] == [True, False, True, False]
    assert {line.voice.id for line in player.lines} == {brief.assistant.voice}


def test_a_contrast_set_passes_whole_or_not_at_all(tmp_path: Path) -> None:
    run = load_run(shipped("run.yaml"))
    emotions = dict.fromkeys(run.pack.pack.user_emotions, 1.0)
    situations = tuple(one.model_copy(update={"emotions": emotions}) for one in run.pack.pack.situations)
    contrast = {"situations": situations, "contrast": Contrast(members=3), "kinds": {Kind.REPLY: 1.0}}
    pack = replace(run.pack, pack=run.pack.pack.model_copy(update=contrast))
    road = open_road(replace(run, pack=pack), Folder(str(tmp_path)), idle_workplaces(run.config))
    members = road.planner.briefs(0, 3)
    failing = members[1].user.emotion
    player = Player(road, lambda line: line.delivery.emotion != failing)
    fates = [player.fate(brief) for brief in members]
    assert [fate.accepted for fate in fates] == [False] * 3
    whole = Player(road, lambda _: True)
    assert all(whole.fate(brief).accepted for brief in road.planner.briefs(3, 6))
    assert [one.reason.check for one in fates[0].objections] == ["set"]
    assert f"{members[1].id} of the same contrast set did not pass" in fates[0].objections[0].reason.message


def test_a_turn_that_the_recipe_cannot_cut_turns_the_dialogue_away_with_its_reason(tmp_path: Path) -> None:
    road = idle_road(Folder(str(tmp_path)), "interleave={preset: moshi}")  # the takes put there have no word times
    fate = Player(road, lambda _: True).fate(train_brief(road))
    assert {one.reason.check for one in fate.objections} == {"interleave"}
    assert [one.turn for one in fate.objections] == list(range(4))
    assert "no word times" in fate.objections[0].reason.message
