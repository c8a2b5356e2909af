"""What a pack asks of its writer and judge that cannot be: told at its line, before anything is asked for."""

from pathlib import Path

import pytest

from pipeline.config.pack import load_pack
from pipeline.config.run import load_run, shipped
from pipeline.config.source import FaultsError
from tests.config.small_pack import SMALL, faults, write_small
from tests.packs.shipping import IN_CHINESE, run_file

RUN = """\
pack: small
size: 4
write: {{backend: openai, settings: {{base_url: "http://127.0.0.1:9/v1", model: tiny, schema_dialect: {dialect}}}}}
speak: {{backend: espeak}}
shard: {{splits: {{validation: 0, test: 0}}}}
"""
WRITING = """\
writing:
  steps:
    - gives: dialogue
      system: {system}
      prompt: {prompt}
"""
NAMING = """\
writing:
  steps:
    - gives: query
      system: Give JSON with "text".
      prompt: "{{ about }}"
    - gives: reply
      names_emotion: true
      system: Give JSON with "text" and "emotion".
      prompt: "{{ query }} {{ open_emotions }}"
"""
TOLD = """'Give JSON: "exchanges", each with "user" and "assistant".'"""
ABOUT = "'{{ about }}'"
OF_WORDS = "'{{ about }} {{ words }}'"


def small(folder: Path, lines: str, of: str = SMALL) -> Path:
    """A small pack with these lines at its end."""
    written = write_small(folder / "small")
    (written / "pack.yaml").write_text(of + lines)
    return written


def run_faults(pack: Path, dialect: str, judge: str = "") -> list[str]:
    file = pack.parent / "run.yaml"
    file.write_text(RUN.format(dialect=dialect) + judge)
    with pytest.raises(FaultsError) as caught:
        load_run(file)
    return [fault.removeprefix(f"{pack}/") for fault in str(caught.value).splitlines()]


def line_of(pack: Path, text: str) -> int:
    lines = (pack / "pack.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_lengths_that_no_prompt_asks_for_are_a_fault_at_the_prompt(tmp_path: Path) -> None:
    lengths = "lengths: {short: {words: [4, 12]}}\n"
    pack = small(tmp_path, lengths + WRITING.format(system="Hm.", prompt=ABOUT))
    (fault,) = faults(pack)
    assert fault.startswith(f"{pack}/pack.yaml:{line_of(pack, 'prompt:')}: does not ask for `words`")
    assert "{{ words[0] }}" in fault
    small_enough = lengths + WRITING.format(system="Hm.", prompt=OF_WORDS)
    (pack / "pack.yaml").write_text(SMALL + small_enough)
    assert load_pack(pack).pack.lengths["short"].words == (4, 12)


@pytest.mark.parametrize(
    ("lengths", "more", "told"),
    [
        ("[300, 400]", "", "so many never fit into longest_turn, 400 characters"),
        ("[40, 60]", "texts: {words: {most: 30}}\n", "40 to 60 lies outside texts.words"),
        ("[2, 4]", "texts: {words: {least: 5}}\n", "2 to 4 lies outside texts.words"),
    ],
)
def test_a_length_that_no_turn_can_have_is_a_fault(tmp_path: Path, lengths: str, more: str, told: str) -> None:
    named = f"lengths: {{long: {{words: {lengths}}}}}\n"
    pack = small(tmp_path, named + WRITING.format(system="Hm.", prompt=OF_WORDS) + more)
    (fault,) = faults(pack)
    assert fault.startswith(f"{pack}/pack.yaml:{line_of(pack, 'lengths')}: ")
    assert told in fault


@pytest.mark.parametrize(
    ("lines", "at", "told"),
    [
        ("personas:\n  user: [{id: nurse, about: A nurse.}]\n", "  user: [", "asks for user.persona"),
        ("arcs: {better: 1}\nmoves: {better: {sad: {neutral: 1}}}\n", "arcs:", "asks for user.path"),
    ],
)
def test_what_is_drawn_and_told_to_no_model_is_a_fault(tmp_path: Path, lines: str, at: str, told: str) -> None:
    pack = small(tmp_path, lines + WRITING.format(system="Hm.", prompt=ABOUT))
    (fault,) = faults(pack)
    assert fault.startswith(f"{pack}/pack.yaml:{line_of(pack, at)}: no prompt of `writing` {told}")
    whole = "'{{ about }} {{ user.persona }} {{ user.path }}'"
    (pack / "pack.yaml").write_text(SMALL + lines + WRITING.format(system="Hm.", prompt=whole))
    assert load_pack(pack).pack.writing


def test_the_phrasebook_refuses_lengths_since_it_follows_none() -> None:
    with pytest.raises(FaultsError, match="the phrasebook follows no lengths: name a writer that is a language model"):
        load_run(shipped("run.yaml"), ["pack=empathy-en-zh"])


@pytest.mark.parametrize("dialect", ["object", "none"])
def test_prompts_that_leave_out_what_the_server_is_not_told_are_a_fault(tmp_path: Path, dialect: str) -> None:
    pack = small(tmp_path, WRITING.format(system="Write a dialogue.", prompt=ABOUT))
    (fault,) = run_faults(pack, dialect)
    assert fault.startswith(f"pack.yaml:{line_of(pack, 'system:')}: with schema_dialect: {dialect} ")
    assert 'do not name JSON, "exchanges", "user", "assistant": say what to give' in fault
    (pack / "pack.yaml").write_text(SMALL + WRITING.format(system=TOLD, prompt=ABOUT))
    assert load_run(pack.parent / "run.yaml").pack.pack.writing


@pytest.mark.parametrize("dialect", ["full", "strict"])
def test_a_server_that_is_told_the_shape_needs_no_words_for_it(tmp_path: Path, dialect: str) -> None:
    pack = small(tmp_path, WRITING.format(system="Write a dialogue.", prompt=ABOUT))
    (pack.parent / "run.yaml").write_text(RUN.format(dialect=dialect))
    assert load_run(pack.parent / "run.yaml").pack.pack.writing


def test_more_emotions_to_choose_from_than_a_strict_schema_lists_are_a_fault_at_the_step(tmp_path: Path) -> None:
    names = [f"e{number}" for number in range(1001)]
    many = SMALL.replace("  sad: {neutral: 1}\n", f"  sad: {{{', '.join(f'{name}: 1' for name in names)}}}\n")
    many = many.replace(
        "deliveries:\n", "deliveries:\n" + "".join(f"  {name}: {{prosody: {{pitch: 1}}}}\n" for name in names)
    )
    pack = small(tmp_path, NAMING, of=many)
    (fault,) = [one for one in run_faults(pack, "strict") if "schema" in one]
    told = "its schema has 1,001 values in its enumerations, 1,000 at the most for servers with schema_dialect: strict"
    assert fault.startswith(f"pack.yaml:{line_of(pack, 'gives: reply')}: {told}")
    assert not [one for one in run_faults(pack, "full") if "schema" in one]


def test_a_judges_rubric_is_held_against_its_servers_dialect_too(tmp_path: Path) -> None:
    rubric = "rubric: {system: Judge., prompt: '{{ turns }}'}\n"
    pack = small(tmp_path, WRITING.format(system=TOLD, prompt=ABOUT) + rubric)
    judge = "judge: {backend: openai, settings: {model: tiny, schema_dialect: none}}\n"
    (fault,) = run_faults(pack, "none", judge)
    assert fault.startswith(f"pack.yaml:{line_of(pack, 'rubric:')}: with schema_dialect: none ")
    assert 'JSON, "reason", "emotional_reaction"' in fault


@pytest.mark.parametrize("name", IN_CHINESE)
@pytest.mark.parametrize("dialect", ["strict", "object", "none"])
def test_the_packs_that_ship_can_be_asked_of_any_server(name: str, dialect: str) -> None:
    settings = f"{{base_url: 'http://127.0.0.1:9/v1', model: tiny, schema_dialect: {dialect}}}"
    named = [f"{stage}={{backend: openai, settings: {settings}}}" for stage in ("write", "judge")]
    assert load_run(shipped(run_file(name)), named).pack.pack.writing


def test_a_dialect_that_is_none_of_them_is_a_fault(tmp_path: Path) -> None:
    pack = small(tmp_path, WRITING.format(system=TOLD, prompt=ABOUT))
    (fault,) = run_faults(pack, "lax")
    assert "openai: schema_dialect cannot be 'lax': " in fault
