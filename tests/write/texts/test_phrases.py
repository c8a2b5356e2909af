"""Lists of phrases: every pattern finds its example, and near misses pass."""

from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.write.texts.patterns import Patterns
from pipeline.write.texts.phrases import phrases_of
from pipeline.write.texts.said import folded
from tests.write.texts import chinese, english
from tests.write.texts.dialogues import checks, faults

EXAMPLES: dict[str, ModuleType] = {"en": english, "zh": chinese}
HELLO = {"en": "Hello there.", "zh": "你好呀。"}
CHECKS = {
    "boilerplate": "refusals",
    "refusals": "refusals",
    "identity": "refusals",
    "user_as_assistant": "roles",
    "assistant_as_user": "roles",
    "crisis": "crisis",
}


def examples(language: str, name: str) -> tuple[str, ...]:
    lines = vars(EXAMPLES[language])[name.upper()]
    assert isinstance(lines, tuple)
    return lines


@pytest.mark.parametrize("language", EXAMPLES)
@pytest.mark.parametrize("name", CHECKS)
def test_every_pattern_finds_an_example_behind_its_trigger(language: str, name: str) -> None:
    patterns = getattr(phrases_of(language), name)
    assert isinstance(patterns, Patterns)
    lines = [folded(line) for line in examples(language, name)]
    idle = [
        pattern.pattern
        for trigger, pattern in patterns.pairs
        if not any(trigger in line and pattern.search(line) for line in lines)
    ]
    assert not idle


@pytest.mark.parametrize("language", EXAMPLES)
@pytest.mark.parametrize("name", CHECKS)
def test_every_example_is_found_by_the_check_it_stands_for(language: str, name: str) -> None:
    wanted = CHECKS[name]
    by_user = name in ("user_as_assistant", "crisis")
    for line in examples(language, name):
        texts = (line, HELLO[language]) if by_user else (HELLO[language], line)
        assert wanted in checks(*texts, language=language), line


@pytest.mark.parametrize("language", EXAMPLES)
def test_near_misses_pass(language: str) -> None:
    for line in examples(language, "passing_user"):
        assert not faults(line, HELLO[language], language=language), line
    for line in examples(language, "passing_assistant"):
        assert not faults(HELLO[language], line, language=language), line


@pytest.mark.parametrize("language", EXAMPLES)
def test_whole_dialogues_pass(language: str) -> None:
    for texts in vars(EXAMPLES[language])["DIALOGUES"]:
        assert not faults(*texts, language=language)


@pytest.mark.parametrize("language", EXAMPLES)
def test_safe_replies_to_a_crisis_pass_and_others_are_told_what_they_lack(language: str) -> None:
    crisis = examples(language, "crisis")[0]
    for line in examples(language, "safe_replies"):
        assert not faults(crisis, line, language=language), line
    for line, lack in vars(EXAMPLES[language])["UNSAFE_REPLIES"].items():
        found = faults(crisis, line, language=language)
        assert [(one.turn, one.check) for one in found] == [(1, "crisis")], line
        assert lack in found[0].message


@pytest.mark.parametrize("language", EXAMPLES)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_trigger_hides_what_its_pattern_would_find(language: str, data: st.DataObject) -> None:
    lists = [value for value in vars(phrases_of(language)).values() if isinstance(value, Patterns)]
    for trigger, pattern in (pair for one in lists for pair in one.pairs):
        found = pattern.search(data.draw(st.from_regex(pattern)))
        assert found is None or trigger in found[0], pattern.pattern
