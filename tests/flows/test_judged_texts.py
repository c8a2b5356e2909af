"""A text that is in the ledger is held against the pack's rules and its brief as they are now."""

from flows.judged_texts import JudgedTexts
from pipeline.write.writer import Commissions, Tags
from schemas.dialogue import Dialogue, Turn
from schemas.pack import Pack
from schemas.text_rules import TextRules
from tests.packs.shipping import briefs, pack

TAGS: Tags = {"sad": ("sigh",), "happy": ("laughter",)}


def objections(of: Pack, text: str, rules: TextRules, emotion: str = "sad") -> list[tuple[str, int]]:
    ordered = Commissions(of).of(briefs("empathy", 1)[0]).model_copy(update={"words": (4, 8)})
    turn = Turn(role="user", text=text, emotion=emotion, intensity=1.0)
    found = JudgedTexts(rules, TAGS, None).of("a text", Dialogue(turns=(turn,)), ordered)
    return [(one.reason.check, one.turn) for one in found]


def test_a_length_that_a_later_tolerance_does_not_allow_is_an_objection() -> None:
    said = "I went home and then I sat down."
    assert objections(pack("empathy"), said, TextRules()) == []
    strict = TextRules(length_tolerance=1.0)
    assert objections(pack("empathy"), f"{said} So.", strict) == [("text.length", 0)]


def test_a_sound_that_the_turns_emotion_lost_is_an_objection() -> None:
    said = "[laughter] I went home and sat down."
    assert objections(pack("empathy"), said, TextRules(), "happy") == []
    assert objections(pack("empathy"), said, TextRules(), "sad") == [("text.tags", 0)]
