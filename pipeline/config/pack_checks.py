"""What must hold between the parts of a pack, beyond the shape of each."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from jinja2 import TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment
from pydantic import JsonValue

from pipeline.config.source import Path_
from pipeline.config.steering_checks import check_steering
from pipeline.engine.backends import nearest
from pipeline.engine.templates import RENDERING_ERRORS
from pipeline.judge import rubric
from pipeline.write import prompting
from schemas.pack import Pack, Phrasebook, Situation

Complaint = tuple[Path_, str]

_ENVIRONMENT = SandboxedEnvironment()
_ONLY_SLOTS = re.compile(r"(?:[^{]|\{\{ *\w+ *\}\})*")
"""A phrase that names slots and does nothing else, as nearly all do."""


def check_pack(pack: Pack) -> Iterator[Complaint]:
    """Everything that is wrong, each with its path in the pack."""
    undrawable = list(_weights(pack))
    yield from undrawable
    yield from _emotions(pack)
    yield from _unique(pack)
    yield from _turns(pack)
    for number, situation in enumerate(pack.situations):
        yield from _situation(("situations", number), situation)
    if pack.phrasebook is not None:
        yield from _phrasebook(pack, pack.phrasebook)
    if pack.writing is not None:
        yield from prompting.complaints(pack.writing)
        most = pack.texts.characters.most
        if most is not None and pack.writing.longest_turn > most:
            longest = f"longest_turn {pack.writing.longest_turn} is more than texts.characters.most {most}"
            yield ("writing", "longest_turn"), f"{longest}: what is longer would be written and then rejected"
    if pack.rubric is not None:
        yield from rubric.complaints(pack.rubric)
    if not undrawable:
        yield from check_steering(pack)
    if {language for language, weight in pack.languages.items() if weight > 0} == {"en"}:
        yield from _foreign(pack)
    yield from _cast(pack)


def _weights(pack: Pack) -> Iterator[Complaint]:
    tables: dict[Path_, Iterable[float]] = {
        ("languages",): pack.languages.values(),
        ("kinds",): pack.kinds.values(),
        ("user_emotions",): pack.user_emotions.values(),
        ("turns",): pack.turns.values(),
        ("intensities",): pack.intensities.values(),
        ("user", "gender"): pack.user.gender.values(),
        ("user", "age"): pack.user.age.values(),
        ("assistant", "gender"): pack.assistant.gender.values(),
        ("assistant", "age"): pack.assistant.age.values(),
    }
    tables |= {("reply_emotions", given): table.values() for given, table in pack.reply_emotions.items()}
    tables |= {("situations", n, "emotions"): s.emotions.values() for n, s in enumerate(pack.situations)}
    for path, weights in tables.items():
        if not any(weight > 0 for weight in weights):
            yield path, "all weights are 0: give at least one option a weight above 0"


def _emotions(pack: Pack) -> Iterator[Complaint]:
    """Every emotion named anywhere must have a delivery; every one that is drawn must have what it needs."""
    for emotion, weight in pack.user_emotions.items():
        yield from _known(("user_emotions", emotion), emotion, pack.deliveries, "deliveries")
        if weight > 0 and not any(s.weight * s.emotions.get(emotion, 0) > 0 for s in pack.situations):
            yield (
                ("user_emotions", emotion),
                f"no situation has the emotion {emotion}: add one, or set its weight to 0",
            )
        if weight > 0 and emotion not in pack.reply_emotions:
            yield ("user_emotions", emotion), f"reply_emotions does not say how to reply to {emotion}"
    for given, table in pack.reply_emotions.items():
        yield from _known(("reply_emotions", given), given, pack.user_emotions, "user_emotions")
        for emotion in table:
            yield from _known(("reply_emotions", given, emotion), emotion, pack.deliveries, "deliveries")
    for number, situation in enumerate(pack.situations):
        for emotion in situation.emotions:
            yield from _known(("situations", number, "emotions", emotion), emotion, pack.user_emotions, "user_emotions")


def _known(path: Path_, name: str, defined: Iterable[str], where: str) -> Iterator[Complaint]:
    if name not in defined:
        yield path, f"{name} is not defined in {where}: {nearest(name, defined)}"


def _foreign(pack: Pack) -> Iterator[Complaint]:
    """Phrases of an English pack in another script, which its engines would spell out or pass over."""
    for path, text in spoken_texts(pack):
        strange = [sign for sign in text if sign.isalpha() and not unicodedata.name(sign, "").startswith("LATIN")]
        if strange:
            yield path, f"{strange[0]!r} is no letter of English, the pack's only language: {text[:40]!r}"


def spoken_texts(pack: Pack) -> Iterator[tuple[Path_, str]]:
    """Every phrase and slot value of the pack that may be spoken, with its path."""
    spoken = {"situations": {"__all__": {"slots", "opening", "acknowledge", "threads", "advice"}}}
    yield from _texts((), pack.model_dump(mode="json", include={**spoken, "phrasebook": True}))


def _texts(path: Path_, node: JsonValue) -> Iterator[tuple[Path_, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from _texts((*path, number), child)
    elif isinstance(node, dict):
        for key, child in node.items():
            yield from _texts((*path, key), child)


def _unique(pack: Pack) -> Iterator[Complaint]:
    for key, names in (
        ("voices", [voice.id for voice in pack.voices]),
        ("situations", [situation.id for situation in pack.situations]),
    ):
        counts = Counter(names)
        for number, name in enumerate(names):
            if counts[name] > 1 and names.index(name) != number:
                yield (key, number, "id"), f"the id {name} is taken already: ids must differ"


def _turns(pack: Pack) -> Iterator[Complaint]:
    for turns in pack.turns:
        if turns < 2 or turns % 2:
            yield (
                ("turns", str(turns)),
                f"{turns} turns: must be even and 2 or more, since the user begins and the reply ends",
            )


def _cast(pack: Pack) -> Iterator[Complaint]:
    """Each gender and each age that is asked for needs a voice somewhere."""
    for role, cast in (("user", pack.user), ("assistant", pack.assistant)):
        voices = [voice for voice in pack.voices if role in voice.roles and voice.weight > 0]
        for gender, weight in cast.gender.items():
            if weight > 0 and not any(voice.gender is gender for voice in voices):
                yield (
                    (role, "gender", gender),
                    f"no {role} voice is {gender}: add one to voices, or set the weight to 0",
                )
        for age, weight in cast.age.items():
            if weight > 0 and not any(voice.age is age for voice in voices):
                yield (
                    (role, "age", age),
                    f"no {role} voice is {age}: add one to voices, or set the weight to 0",
                )
        for language, weight in pack.languages.items():
            if weight > 0 and not any(language in voice.languages for voice in voices):
                yield ("languages", language), f"no {role} voice speaks {language}"


def _situation(path: Path_, situation: Situation) -> Iterator[Complaint]:
    lists: dict[Path_, tuple[str, ...]] = {
        (*path, "opening"): situation.opening,
        (*path, "acknowledge"): situation.acknowledge,
        (*path, "advice"): situation.advice,
    }
    for number, thread in enumerate(situation.threads):
        here = (*path, "threads", number)
        lists[(*here, "ask")] = thread.ask
        for place, answer in enumerate(thread.answers):
            lists[(*here, "answers", place, "tell")] = answer.tell
            lists[(*here, "answers", place, "take_up")] = answer.take_up
    for where, phrases in lists.items():
        for number, phrase in enumerate(phrases):
            yield from _template((*where, number), phrase, situation.slots)
    if situation.opening and not (situation.acknowledge and situation.advice):
        yield path, f"{situation.id} has openings, so it needs acknowledge and advice too"
    for name, values in situation.slots.items():
        if not values:
            yield (*path, "slots", name), f"the slot {name} has no values"


def _template(path: Path_, phrase: str, slots: Mapping[str, tuple[str, ...]]) -> Iterator[Complaint]:
    try:
        asked = meta.find_undeclared_variables(_ENVIRONMENT.parse(phrase))
    except TemplateSyntaxError as error:
        yield path, f"broken Jinja: {error.message} in {phrase!r}"
        return
    for name in sorted(asked - set(slots)):
        hint = nearest(name, slots) if slots else "the situation has no slots"
        yield path, f"the template asks for {name!r}, which is no slot of this situation: {hint}"
    if asked <= set(slots) and all(slots.values()) and not _ONLY_SLOTS.fullmatch(phrase):
        try:
            _ENVIRONMENT.from_string(phrase).render({name: values[0] for name, values in slots.items()})
        except RENDERING_ERRORS as error:
            yield path, f"the template cannot be filled in, {error}: {phrase!r}"


def _phrasebook(pack: Pack, book: Phrasebook) -> Iterator[Complaint]:
    for emotion, weight in pack.user_emotions.items():
        if weight <= 0:
            continue
        if emotion not in book.feelings:
            yield ("phrasebook", "feelings"), f"no phrases for the user emotion {emotion}"
        if emotion not in book.farewell:
            yield ("phrasebook", "farewell"), f"no phrases for the user emotion {emotion}"
        for reply, likely in pack.reply_emotions.get(emotion, {}).items():
            if likely > 0 and not book.empathy.get(emotion, {}).get(reply):
                yield ("phrasebook", "empathy"), f"no phrases that meet {emotion} with {reply}"
