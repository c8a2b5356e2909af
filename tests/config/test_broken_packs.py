"""Fifty broken packs, one fault each: one line that names the file, the line of the fault, and what to mend."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.config.pack import load_pack
from pipeline.config.run import copy_pack, shipped
from pipeline.config.source import FaultsError


@dataclass(frozen=True)
class Broken:
    """A pack with `old` put in place of `new` in one file (nothing: `new` is added at its end).

    The fault stands in the line that holds `at`, and its message has `told`.
    """

    told: str
    new: str
    at: str
    old: str = ""
    file: str = "pack.yaml"


BROKEN = {
    # weights
    "a weight below 0": Broken("should be greater than or equal to 0, not -3", "  sad: -3\n", "sad: -3", "  sad: 3\n"),
    "a weight that swamps the sum": Broken(
        "should be less than or equal to 1000000000", "  sad: 1.0e+308\n", "sad: 1", "  sad: 3\n"
    ),
    "a file that is included twice": Broken(
        "voices.yaml is part of the pack already",
        "  - voices.yaml\n  - voices.yaml\n",
        "  - voices.yaml",
        "  - voices.yaml\n",
    ),
    "a weight in words": Broken("must be a number, not 'often'", "  sad: often\n", "sad: often", "  sad: 3\n"),
    "a weight that is none": Broken("must be a finite number", "  sad: .nan\n", "sad: .nan", "  sad: 3\n"),
    "a key twice": Broken("'sad' stands a second time", "  sad: 3\n  sad: 4\n", "sad: 4", "  sad: 3\n"),
    "no weight above 0": Broken(
        "all weights are 0", "intensities: {1.0: 0}", "intensities: {", "intensities: {0.8: 1, 1.0: 2, 1.2: 1}"
    ),
    "an intensity in words": Broken(
        "must be a number", "intensities: {loud: 1}", "intensities: {", "intensities: {0.8: 1, 1.0: 2, 1.2: 1}"
    ),
    "an odd number of turns": Broken(
        "3 turns: must be even and 2 or more", "turns: {3: 1, 4: 4", "turns: {3", "turns: {2: 1, 4: 4"
    ),
    "turns in words": Broken("must be a whole number", "turns: {two: 1, 4: 4", "turns: {two", "turns: {2: 1, 4: 4"),
    # names
    "an emotion without a delivery": Broken(
        "sadd is not defined in", "  surprised: 1\n  sadd: 0\n", "sadd: 0", "  surprised: 1\n"
    ),
    "a reply emotion that is none": Broken(
        "gald is not defined in deliveries",
        "  neutral: {neutral: 2, happy: 1, gald: 0}",
        "gald: 0",
        "  neutral: {neutral: 2, happy: 1}",
    ),
    "a misspelt key": Broken(
        "intensitys is not a key here: did you mean intensities?", "\nintensitys: {1.0: 1}\n", "intensitys"
    ),
    "an unknown kind": Broken("did you mean dialogue?", "kinds: {dialog: 1}", "kinds: {", "kinds: {dialogue: 1}"),
    "an age that is none": Broken(
        "cannot be 'adlut': did you mean adult?", "  age: {adlut: 1}", "adlut", "  age: {adult: 1}"
    ),
    "a name with spaces": Broken("should match pattern", "name: Em Pathy", "name: Em", "name: empathy"),
    # who speaks
    "an age that nobody has": Broken(
        "no assistant voice is elderly", "  age: {elderly: 1}", "age: {elderly", "  age: {adult: 1}"
    ),
    "a voice's id twice": Broken(
        "is taken already: ids must differ", "  - id: maya\n", "- id: maya", "  - id: lily\n", "voices.yaml"
    ),
    "a voice without a licence": Broken(
        "licence must", "    licence: []\n", "licence: []", "    licence: *licence\n", "voices.yaml"
    ),
    # conditions
    "a condition on nothing": Broken("when names nothing", "\ngiven:\n  - when: {}\n    turns: {2: 1}\n", "when: {}"),
    "a condition that sets nothing": Broken("it sets nothing", "\ngiven:\n  - when: {user_emotion: sad}\n", "- when"),
    "a condition on what is not": Broken(
        "gloomy is no user_emotion of the pack",
        "\ngiven:\n  - when: {user_emotion: gloomy}\n    turns: {2: 1}\n",
        "gloomy",
    ),
    "a condition on what comes later": Broken(
        "kinds cannot depend on turns, which is drawn after it",
        "\ngiven:\n  - when: {turns: 2}\n    kinds: {reply: 1}\n",
        "when: {turns",
    ),
    "a condition on a choice that is none": Broken(
        "mood is not a key here", "\ngiven:\n  - when: {mood: sad}\n    turns: {2: 1}\n", "mood: sad"
    ),
    "contradictory conditions": Broken(
        "may hold together with given[0], and both set turns",
        "\ngiven:\n  - when: {user_emotion: [sad, angry]}\n    turns: {2: 1}\n"
        "  - when: {user_emotion: [angry, happy]}\n    turns: {4: 1}\n",
        "[angry, happy]",
    ),
    "a condition that never holds": Broken(
        "never holds",
        "\ngiven:\n  - when: {user_emotion: sad, situation: big_trip_booked}\n    turns: {2: 1}\n",
        "big_trip",
    ),
    "a condition that leaves nothing": Broken(
        "no turns can be drawn for", "\ngiven:\n  - when: {user_emotion: sad}\n    turns: {2: 0}\n", "turns: {2: 1, 4"
    ),
    "an odd number of turns under a condition": Broken(
        "5 turns: must be even", "\ngiven:\n  - when: {user_emotion: sad}\n    turns: {5: 1}\n", "turns: {5"
    ),
    "a situation that is not there": Broken(
        "moonlanding is not defined in situations",
        "\ngiven:\n  - when: {user_emotion: sad}\n    situations: {pet_died: 1, moonlanding: 1}\n",
        "moonlanding",
    ),
    # arcs
    "an arc that is none": Broken("cannot be 'sideways'", "\narcs: {steady: 1, sideways: 1}\n", "sideways"),
    "an arc that goes nowhere": Broken(
        "moves.better does not say where an emotion goes", "\narcs: {steady: 1, better: 1}\n", "better"
    ),
    "a move to an emotion that is none": Broken(
        "glad is not defined in user_emotions",
        "\narcs: {steady: 1, better: 1}\nmoves: {better: {sad: {glad: 1}}}\n",
        "glad",
    ),
    # lengths, personas, contrast, targets
    "a length the wrong way round": Broken(
        "words must be [fewest, most]", "\nlengths: {short: {words: [20, 5]}}\n", "words: [20"
    ),
    "a persona twice": Broken(
        "is taken already: ids must differ",
        "\npersonas:\n  user:\n    - {id: nurse, about: A nurse.}\n    - {id: nurse, about: Another nurse.}\n",
        "Another nurse",
    ),
    "a persona of nobody": Broken("about", "\npersonas:\n  user:\n    - {id: nurse}\n", "id: nurse"),
    "a contrast set of one": Broken("greater than or equal to 2", "\ncontrast: {members: 1}\n", "members: 1"),
    "a contrast of nothing that is drawn": Broken("cannot be 'mood'", "\ncontrast: {vary: mood}\n", "vary: mood"),
    "a cell that is none": Broken("cannot be 'mood'", "\ntargets: {cells: [mood]}\n", "cells: [mood"),
    # texts
    "a rule that is none": Broken("is not a key here", "\ntexts: {spokn: true}\n", "spokn"),
    "bounds the wrong way round": Broken(
        "nothing lies between 90 and 9", "\ntexts: {characters: {least: 90, most: 9}}\n", "least: 90"
    ),
    "turns longer than the rules allow": Broken(
        "longest_turn 400 is more than texts.characters.most 300",
        "\ntexts: {characters: {most: 300}}\n",
        "longest_turn: 400",
        file="pack.yaml",
    ),
    # files
    "broken YAML": Broken("broken YAML", "languages: {en: 1", "kinds: {dialogue", "languages: {en: 1}"),
    "a file that is not there": Broken("voces.yaml is not in", "  - voces.yaml", "voces", "  - situations/sad.yaml"),
    "a file outside": Broken("is not inside the pack's folder", "  - ../sad.yaml", "../sad", "  - situations/sad.yaml"),
    "a parent that is not there": Broken(
        "packs that ship", "extends: nowhere\nname: empathy", "extends: nowhere", "name: empathy"
    ),
    "a pack that extends itself": Broken("extends", "extends: .\nname: empathy", "extends: .", "name: empathy"),
    # templates
    "a slot that is none": Broken(
        "asks for 'pett'", "My {{ pett }} died", "pett", "My {{ pet }} died", "situations/sad.yaml"
    ),
    "broken Jinja": Broken("broken Jinja", "My {{ pet died", "{{ pet died", "My {{ pet }} died", "situations/sad.yaml"),
    "a phrase that would run code": Broken(
        "cannot be filled in",
        "My {{ pet.__class__.__mro__ }} died",
        "__mro__",
        "My {{ pet }} died",
        "situations/sad.yaml",
    ),
    "a phrase without end": Broken(
        "cannot be filled in",
        "My {% for _ in range(999999999) %}{{ pet }}{% endfor %} died",
        "999999999",
        "My {{ pet }} died",
        "situations/sad.yaml",
    ),
    "a template that would run code": Broken(
        "cannot be rendered",
        "      prompt: \"{{ ''.__class__.__mro__[1].__subclasses__() }}\"",
        "__mro__",
        "      prompt: writing/dialogue-prompt.jinja",
        "writing.yaml",
    ),
    "a template that asks for what is not": Broken(
        "asks for 'abot': did you mean about?",
        '      prompt: "{{ abot }}"',
        "abot",
        "      prompt: writing/dialogue-prompt.jinja",
        "writing.yaml",
    ),
    "a step that gives nothing": Broken(
        "cannot be 'dialog'", "    - gives: dialog\n", "gives: dialog", "    - gives: dialogue\n", "writing.yaml"
    ),
    "an emotion named where none can be": Broken(
        "only a step that gives `reply` names its emotion",
        "      temperature: 0.9\n      names_emotion: true\n",
        "names_emotion",
        "      temperature: 0.9\n",
        "writing.yaml",
    ),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "pack"
    copy_pack(shipped("empathy"), folder)
    return folder


def write(broken: Broken, folder: Path) -> None:
    file = folder / broken.file
    text = file.read_text(encoding="utf-8")
    assert broken.old in text, "the pack that ships has changed"
    file.write_text(text.replace(broken.old, broken.new, 1) if broken.old else text + broken.new, encoding="utf-8")


def test_there_are_fifty() -> None:
    assert len(BROKEN) >= 50


@pytest.mark.parametrize("name", BROKEN)
def test_one_fault_is_one_line_with_its_place_and_the_mend(name: str, whole: Path, tmp_path: Path) -> None:
    broken, folder = BROKEN[name], tmp_path / "pack"
    shutil.copytree(whole, folder)
    write(broken, folder)
    with pytest.raises(FaultsError) as caught:
        load_pack(folder)
    (fault,) = str(caught.value).splitlines()
    place, _, message = fault.partition(": ")
    file, _, line = place.rpartition(":")
    assert broken.told in message
    assert broken.at in Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
