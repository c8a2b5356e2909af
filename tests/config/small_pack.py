"""A pack of the fewest lines, to be broken and extended."""

from pathlib import Path

import pytest

from pipeline.config.pack import load_pack
from pipeline.config.source import FaultsError

SMALL = """\
name: small
languages: {en: 1}
kinds: {dialogue: 1}
user_emotions:
  sad: 3
  happy: 1
  neutral: 1
reply_emotions:
  sad: {neutral: 1}
  happy: {happy: 1}
  neutral: {neutral: 1}
turns: {2: 1, 4: 1}
intensities: {1.0: 1}
user: {gender: {female: 1}, age: {young: 1, adult: 1}}
assistant: {gender: {male: 1}, age: {adult: 1}}
deliveries:
  neutral: {}
  sad: {prosody: {rate: 0.8, pitch: -1.5}, instruction: Sadly.}
  happy: {prosody: {pitch: 2}, instruction: Happily.}
reference_texts: {en: [The bus stops at the corner.]}
include: [voices.yaml, situations.yaml]
"""
VOICES = """\
voices:
  - {id: lily, gender: female, age: young, engines: {espeak: {variant: f5}}, licence: CC0-1.0, consent: synthetic}
  - {id: ruth, gender: female, age: adult, engines: {espeak: {variant: f2}}, licence: CC0-1.0, consent: synthetic}
  - {id: omar, gender: male, age: adult, roles: [assistant], engines: {espeak: {variant: m1}}, licence: CC0-1.0,
     consent: synthetic}
"""
SITUATIONS = """\
situations:
  - {id: rain, about: It rains., emotions: {sad: 1, neutral: 1}}
  - {id: sun, about: The sun shines., emotions: {happy: 1}}
"""


def write_small(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "pack.yaml").write_text(SMALL)
    (folder / "voices.yaml").write_text(VOICES)
    (folder / "situations.yaml").write_text(SITUATIONS)
    return folder


def write_child(folder: Path, lines: str, extends: str = "../small", name: str = "child") -> Path:
    """A pack whose line 1 is its name, line 2 what it extends; `lines` begin in line 3."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.yaml").write_text(f"name: {name}\nextends: {extends}\n{lines}")
    return folder


def faults(folder: Path) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        load_pack(folder)
    return str(caught.value).splitlines()
