"""`cosyvoice`: the Parquet on which CosyVoice 2 and 3 (FunAudioLLM/CosyVoice at commit ace7c47) train, one turn a row.

Read there: tools/make_parquet_list.py, cosyvoice/dataset, cosyvoice/llm/llm.py, the configs of both versions. What goes
wrong without a word: their filter drops what is shorter than 1 s, longer than 60 s or of more than 200 text tokens, and
a sound below 16 kHz; an empty list of tokens drops its row; a row of a list that lacks a column breaks the batch.
CosyVoice 3 reads `instruct`, which must end in `<|endofprompt|>`; CosyVoice 2 passes it by. Without columns of
embeddings both are made while training. `audio_data` is the corpus's FLAC as it is.
"""

import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import soundfile
from pydantic import JsonValue

from pipeline.corpus.rows import Dialogue, Turn
from pipeline.export.cosyvoice_files import UtteranceWriter, utterances
from pipeline.export.format import ExportSettings, Facts, LeftOut, Part
from pipeline.export.jsonl import read_lines
from pipeline.export.readme import page
from pipeline.export.tokenizer import text_tokenizer
from pipeline.export.turns import Objection, unusable, unusable_units
from pipeline.interleave.text_tokens import TextTokenizer, TokenizerError, Words
from schemas.frozen import Seconds

VERSION = "1"
UNITS = ()
KIND, CODES = "s3", 6561
SHORTEST, LONGEST = 1.0, 60.0
MOST_TOKENS = 200
LOWEST_RATE = 16000
END = "<|endofprompt|>"
SLACK = 2
_LISTS = {"parquet": "data.list", "utt2parquet": "utt2data.list", "spk2parquet": "spk2data.list"}

_COMMAND = """\
MODELS=/path/to/Fun-CosyVoice3-0.5B; cd examples/libritts/cosyvoice3    # CosyVoice2-0.5B and cosyvoice2 go as well
for model in llm flow hifigan; do
  torchrun --nproc_per_node=1 ../../../cosyvoice/bin/train.py --train_engine torch_ddp --use_amp \\
      --config conf/cosyvoice3.yaml --train_data $OUT/train/data.list --cv_data $OUT/validation/data.list \\
      --qwen_pretrain_path $MODELS/CosyVoice-BlankEN --onnx_path $MODELS --model $model \\
      --checkpoint $MODELS/$model.pt --model_dir exp/$model --ddp.dist_backend nccl
done"""

_WHAT = """\
One row is one turn of either side: `utt`, `audio_data` (FLAC), `wav`, `text`, `spk`, `instruct` and, where the corpus
has units of kind s3, `speech_token`: the s3 of v2 for CosyVoice 2, of v3 for CosyVoice 3.

`--onnx_path` is needed in any case; from it speaker embeddings (campplus.onnx), and tokens where the column is missing
(speech_tokenizer_v*.batch.onnx), are made while training, the tokens on a GPU. To make them once, before, write each
`audio_data` to a file, name the files in wav.scp beside text, utt2spk and instruct, run tools/extract_embedding.py
and tools/extract_speech_token.py of theirs, and pack the folder with tools/make_parquet_list.py.

Their filter drops texts of more than 200 tokens. With --tokenizer (a tokenizer.json of Qwen2) they are counted and left
out here; without it 200 words stand for them. Turns below 30 s stay under either.
In the checkout of CosyVoice:"""


def build(settings: ExportSettings) -> "CosyVoice":
    """The format; units of another kind than s3 must be asked for."""
    return CosyVoice(settings)


class CosyVoice:
    """See the module."""

    def __init__(self, settings: ExportSettings) -> None:
        self._kind = settings.units or KIND
        self._longest = min(settings.longest, LONGEST)
        named = settings.tokenizer is not None
        self._tokenizer: TextTokenizer = text_tokenizer(settings, "CosyVoice") if named else Words()

    def writer(self, part: Part) -> UtteranceWriter:
        """Files of at most a thousand rows."""
        return UtteranceWriter(part, self._rows)

    def faults(self, part: Part) -> Iterator[str]:
        """What their reader or their filter would drop, or stop at."""
        seen: Counter[str] = Counter()
        for line in read_lines(part.notes):
            files = {name: part.located(path) for name, path in _named(line).items()}
            speakers: dict[str, str] = {}
            for row in utterances(files["parquet"]):
                name = str(row["utt"])
                seen[name] += 1
                speakers[name] = str(row["spk"])
                yield from (f"{name}: {fault}" for fault in row_faults(row))
            for key, names in [("utt2parquet", speakers.keys()), ("spk2parquet", set(speakers.values()))]:
                listed = json.loads(files[key].read_text(encoding="utf-8"))
                if listed != dict.fromkeys(names, part.named(files["parquet"])):
                    yield f"{files[key].name} does not name the rows of {files['parquet'].name}"
        yield from (f"{utt} is there {count} times" for utt, count in seen.items() if count > 1)

    def gather(self, out: Path, parts: Sequence[Part]) -> None:
        """The lists of files, a folder a split."""
        for split in dict.fromkeys(part.split for part in parts):
            named = [_named(line) for part in parts if part.split is split for line in read_lines(part.notes)]
            for name, listed in _LISTS.items():
                draft = out / split / f".unfinished-{listed}"
                draft.parent.mkdir(exist_ok=True)
                draft.write_text("".join(f"{files[name]}\n" for files in named), encoding="utf-8")
                draft.replace(out / split / listed)

    def readme(self, facts: Facts) -> str:
        """How to train on it."""
        return page("CosyVoice", facts, [self._kind], _WHAT, _COMMAND)

    def _rows(self, dialogue: Dialogue) -> Iterator[LeftOut | tuple[dict[str, object], Seconds]]:
        for number, turn in enumerate(dialogue.turns):
            has_units = self._kind in dialogue.kinds
            found = self._objection(turn, has_units)
            if found is not None:
                yield LeftOut(dialogue.id, number, found.check, found.message)
                continue
            name = f"{dialogue.id}-{number:02d}"
            row: dict[str, object] = {"utt": name, "audio_data": turn.flac, "wav": f"{name}.flac", "text": turn.text}
            row |= {"spk": turn.voice or str(turn.role), "instruct": instruct(turn)}
            yield row | ({"speech_token": turn.units[self._kind]} if has_units else {}), turn.duration

    def _objection(self, turn: Turn, has_units: bool) -> Objection | None:
        if turn.flac is None:
            return Objection("typed", "the turn is typed: there is no speech in it")
        if found := unusable(turn, SHORTEST, self._longest):
            return found
        if turn.sample_rate < LOWEST_RATE:
            return Objection("rate", f"{turn.sample_rate} Hz; less than {LOWEST_RATE} Hz is dropped in training")
        if found := self._too_many(turn.text):
            return found
        if not has_units:
            return None
        return unusable_units(turn, self._kind, CODES) or _out_of_step(turn, self._kind)

    def _too_many(self, text: str) -> Objection | None:
        try:
            count = len(self._tokenizer.cut(text))
        except TokenizerError as error:
            return Objection("tokens", str(error))
        message = f"{count} tokens or words of text; more than {MOST_TOKENS} tokens are dropped in training"
        return Objection("tokens", message) if count > MOST_TOKENS else None


def _out_of_step(turn: Turn, kind: str) -> Objection | None:
    count, due = len(turn.units[kind]), turn.duration * 25
    if abs(count - due) <= SLACK:
        return None
    return Objection("units", f"{count} units in {turn.duration:.2f} s; the model pairs each with 40 ms of sound")


def instruct(turn: Turn) -> str:
    """What CosyVoice 3 is told before the text."""
    return " ".join(["You are a helpful assistant.", *filter(None, [turn.instruction.strip()])]) + END


def row_faults(row: Mapping[str, object]) -> Iterator[str]:
    """What is wrong with a row as it was read back."""
    found, audio, units = str(row["instruct"]), row["audio_data"], row.get("speech_token", [0])
    if not str(row["text"]).strip() or not row["spk"]:
        yield "there is no text, or no speaker"
    if not found.endswith(END):
        yield f"instruct does not end in {END}"
    if not isinstance(units, list) or not units or not 0 <= min(units) <= max(units) < CODES:
        yield f"speech_token is empty, or outside 0..{CODES - 1}"
    try:
        info = soundfile.info(io.BytesIO(audio if isinstance(audio, bytes) else b""))
    except soundfile.LibsndfileError as error:
        yield f"audio_data cannot be read: {error.error_string}"
        return
    if info.samplerate < LOWEST_RATE or not SHORTEST <= round(info.duration, 4) <= LONGEST:
        yield f"{info.duration:.2f} s at {info.samplerate} Hz would be dropped"


def _named(line: JsonValue) -> dict[str, str]:
    if not isinstance(line, dict):
        raise ValueError("a note of files is no object")
    return {name: str(path) for name, path in line.items()}
