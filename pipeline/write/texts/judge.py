"""All that the rules find in one dialogue."""

from collections.abc import Callable, Iterator, Sequence

from pipeline.write.texts.crisis import crisis_faults
from pipeline.write.texts.fault import TextFault
from pipeline.write.texts.keep_clean import KeptClean
from pipeline.write.texts.language import language_faults
from pipeline.write.texts.length import length_faults
from pipeline.write.texts.personal_data import personal_data_faults
from pipeline.write.texts.refusals import refusal_faults, role_faults
from pipeline.write.texts.repetition import repetition_faults
from pipeline.write.texts.said import Said, hear
from pipeline.write.texts.spoken import spoken_faults
from schemas.dialogue import Dialogue
from schemas.text_rules import TextRules

_CHECKS: tuple[Callable[[Sequence[Said], str, TextRules], Iterator[TextFault]], ...] = (
    language_faults,
    length_faults,
    spoken_faults,
    refusal_faults,
    role_faults,
    repetition_faults,
    personal_data_faults,
    crisis_faults,
)


def judge(
    dialogue: Dialogue,
    language: str,
    rules: TextRules,
    tags: frozenset[str] = frozenset(),
    kept_clean: KeptClean | None = None,
) -> tuple[TextFault, ...]:
    """Every reason why the text will not do, check by check; none if it will.

    `tags` are the inline sounds of the pack's deliveries (laughter, for [laughter]); which of them a turn may hold, and
    how long it was to be, is its brief's matter: see brief.py. `kept_clean` holds the listed texts of
    `rules.keep_clean`. Likeness to other dialogues is the corpus's matter: see near_duplicates.py.

    >>> from schemas.dialogue import Turn
    >>> turn = Turn(role="user", text="I **really** miss her.", emotion="sad", intensity=1.0)
    >>> judge(Dialogue(turns=(turn,)), "en", TextRules())
    (TextFault(turn=0, check='spoken', message="'**really**' is markdown"),)
    """
    said = hear(dialogue, tags)
    faults = [fault for check in _CHECKS for fault in check(said, language, rules)]
    if kept_clean is not None:
        faults += kept_clean.faults(said, language)
    return tuple(faults)
