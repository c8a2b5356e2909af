"""Bad run files."""

from pathlib import Path

import pytest

from pipeline.config.run import copy_pack, load_run, shipped
from pipeline.config.source import FaultsError


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    file = tmp_path / "run.yaml"
    file.write_text(shipped("run.yaml").read_text())
    return file


def faults(file: Path, *overrides: str) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        load_run(file, overrides)
    return str(caught.value).splitlines()


def test_the_shipped_run_file_is_right_and_any_key_can_be_set(run_file: Path) -> None:
    run = load_run(run_file, ["size=60", "gate.wer=0.1", "gate.emotions.sad=0.3", "speak.workers=3"])
    assert (run.config.size, run.config.gate.wer, run.config.speak.workers) == (60, 0.1, 3)
    assert run.config.gate.emotions == {"sad": 0.3}


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("sise=60", "sise is not a key here: did you mean size?"),
        ("gate.wre=0.1", "gate.wre is not a key here: did you mean wer?"),
        ("size=many", "size must be a whole number, not 'many'"),
        ("size=0", "size should be greater than or equal to 1"),
        ("size", "must be KEY=VALUE"),
        ("speak.backend=espaek", "no speak backend is called 'espaek': did you mean espeak?"),
        ("write.backend=phrasebok", "did you mean phrasebook?"),
        ("score.asr.backend=sphinx", "no score.asr backend is called 'sphinx'"),
        ("score.asr.settings={language_modle: dialogue}", "language_modle"),
        ("units=[{backend: kmeens}]", "did you mean kmeans?"),
        ("units=[{backend: kmeans, size: 512}]", "1024"),
        ("interleave={preset: openss}", "no preset is called 'openss'"),
        ("interleave={text_span: 0}", "interleave.text_span"),
        ("interleave={units: s3}", "s3 is not among the run's units: there is: kmeans"),
        ("interleave={first: [[0, 0]]}", "a pair that takes nothing"),
        ("interleave={preset: moshi, tokenizer: a.json}", "aligned cuts at words"),
        ("interleave={tokenizer: nowhere.json}", "nowhere.json cannot be read: No such file"),
        ("interleave={tokenizer: hf://a/b/c}", "is no model of the Hub"),
        ("interleave={tokenizer_digest: 12}", "is filled in on reading"),
        ("units=[]", "name at least one kind of units"),
        ("score.words={backend: ctcc}", "did you mean ctc?"),
        ("gate.emotions={gloomy: 0.2}", "gloomy is no emotion of the pack"),
        ("shard.splits={validation: 0.6, test: 0.5}", "their sum must be below 1"),
        ("pack=nowhere", "packs that ship: contrast"),
        ("shard.audio=mp3", "shard.audio"),
    ],
)
def test_a_wrong_value_is_answered_with_the_key_and_the_mend(run_file: Path, override: str, expected: str) -> None:
    found = faults(run_file, override)
    assert any(expected in fault for fault in found), found
    assert all(len(fault) < 400 for fault in found)


def test_faults_of_the_run_file_and_of_its_pack_come_together(run_file: Path) -> None:
    (run_file.parent / "pack").mkdir()
    (run_file.parent / "pack" / "pack.yaml").write_text("name: x\n")
    found = faults(run_file, "pack=pack", "gate.wer=-1")
    assert any("gate.wer" in fault for fault in found)
    assert any("voices is missing" in fault for fault in found)


def test_a_language_that_an_engine_lacks_is_a_fault(run_file: Path) -> None:
    copy_pack(shipped("empathy"), run_file.parent / "pack")
    manifest = run_file.parent / "pack" / "pack.yaml"
    manifest.write_text(manifest.read_text().replace("languages: {en: 1}", "languages: {zh: 1}"))
    voices = run_file.parent / "pack" / "voices.yaml"
    voices.write_text(voices.read_text().replace("    gender:", "    languages: [zh]\n    gender:"))
    deliveries = run_file.parent / "pack" / "deliveries.yaml"
    deliveries.write_text(deliveries.read_text().replace("  en:\n", "  zh:\n"))
    found = faults(run_file, "pack=pack")
    assert any("espeak speaks en only; the pack asks for zh" in fault for fault in found), found


def test_a_voice_that_the_engine_cannot_speak_is_a_fault_at_its_line(run_file: Path) -> None:
    copy_pack(shipped("empathy"), run_file.parent / "pack")
    voices = run_file.parent / "pack" / "voices.yaml"
    voices.write_text(voices.read_text().replace("variant: f5", "variant: f55"))
    found = faults(run_file, "pack=pack")
    assert any("voices.yaml:" in fault and "f5" in fault for fault in found), found


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("write={backend: openai}", "openai: model is missing"),
        ("speak.settings.secs=3", "espeak: secs is not a key here: did you mean seconds?"),
        ("speak={backend: openai_speech, settings: {model: m}}", "openai_speech follows no delivery at all; the pack"),
        (
            "speak={backend: cosyvoice, settings: {checkout: c, model: m, version: 3}}",
            "no voice of the pack can be spoken",
        ),
        ("score.ser.labels.sad=[sadd]", "it has no label for sad: say which they are"),
        ("score.ser={backend: transformers, settings: {model: m}}", "needs transformers, torch in its workers"),
        ("write={backend: openai, settings: {model: m}, ray: {gpus: 1}}", "waits for a server, which needs no Ray"),
        ("speak.ray={python: p, packages: [torch]}", "speak.ray names an environment (python) and asks for another"),
        ("write={backend: vllm, settings: {model: m}}", "each worker of vllm takes a whole GPU: run it in an actor"),
        ("gate.mos=3", "nobody measures it: name a backend in score.mos"),
        ("gate.second_emotions.sad=0.4", "nobody measures it: name a backend in score.second_ser"),
        ("units=[{backend: s3, rate: 25, size: 6561}]", "espeak generates no s3 units"),
    ],
)
def test_what_real_engines_cannot_do_is_told_with_the_mend(run_file: Path, override: str, expected: str) -> None:
    found = faults(run_file, override)
    assert any(expected in fault for fault in found), found


def test_a_users_voice_may_not_stand_in_two_splits_under_two_names(run_file: Path) -> None:
    copy_pack(shipped("empathy"), run_file.parent / "pack")
    voices = run_file.parent / "pack" / "voices.yaml"
    voices.write_text(voices.read_text().replace("{variant: edward2, volume: 51}", "{variant: klatt4, volume: 36}"))
    found = faults(run_file, "pack=pack")
    assert any("david (validation) sounds as omar (train)" in fault for fault in found), found
