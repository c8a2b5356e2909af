"""SER backend `funasr`: emotion2vec+ and SenseVoice, as FunASR runs them.

emotion2vec+ answers nine classes for a whole take. SenseVoice names one emotion in passing when it transcribes; what is
kept here is the distribution behind that tag. Takes are heard one after another: FunASR loops over emotion2vec's
batches itself, and the padding of a SenseVoice batch reaches into its neighbours.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from pipeline.audio.batches import Batches, Heard, waveform
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.model_folder import Needed, digest, model_folder
from pipeline.engine.model_library import Device, needed_by, quiet, torch_device, versions
from pipeline.score.audio_classification import feeling
from pipeline.score.scorer import Utterance
from pipeline.score.speech_encoder import finite
from schemas.frozen import Frozen, Seconds
from schemas.scores import Feeling
from schemas.take import Waveform

if TYPE_CHECKING:
    from funasr import AutoModel

VERSION = f"1, {versions('funasr', 'torch')}"
COMPARES = False

Kind = Literal["emotion2vec", "sensevoice"]

NEEDED: Mapping[Kind, Needed] = {
    "emotion2vec": (("config.yaml",), ("model.pt",), ("tokens.txt", "tokens.json")),
    "sensevoice": (("configuration.json",), ("config.yaml",), ("model.pt",), ("am.mvn",), ("*bpe.model",)),
}
MODELS: Mapping[Kind, str] = {"emotion2vec": "Emotion2vec", "sensevoice": "SenseVoiceSmall"}
EMOTION2VEC = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown")
SENSEVOICE: Mapping[str, str] = {
    "happy": "<|HAPPY|>",
    "sad": "<|SAD|>",
    "angry": "<|ANGRY|>",
    "neutral": "<|NEUTRAL|>",
    "fearful": "<|FEARFUL|>",
    "disgusted": "<|DISGUSTED|>",
    "surprised": "<|SURPRISED|>",
    "unknown": "<|EMO_UNKNOWN|>",
}

_RATE = 16000
_SHORTEST: Seconds = 0.1
_EMOTION_AT = 1
"""SenseVoice's first four outputs are language, emotion, event and style."""


class Settings(Frozen):
    """`model` is a folder, or hf://ORG/NAME: emotion2vec/emotion2vec_plus_large, FunAudioLLM/SenseVoiceSmall.

    FunASR evaluates a line of emotion2vec's config.yaml as Python: use folders whose origin you trust.
    """

    model: str = Field(min_length=1)
    kind: Kind = "emotion2vec"
    device: Device = "auto"
    threads: int = Field(default=1, ge=1)


def identity(settings: Settings) -> str:
    """The weights, and how they are read."""
    return f"{digest(settings.model)} {settings.kind}"


def labels(settings: Settings) -> tuple[str, ...]:
    """What it answers: for emotion2vec the folder's own list if it is on this machine, and else what was published."""
    if settings.kind == "sensevoice":
        return tuple(SENSEVOICE)
    tokens = Path(settings.model).expanduser() / "tokens.txt"
    if not tokens.is_file():
        return EMOTION2VEC
    listed = (line.strip() for line in tokens.read_text(encoding="utf-8").splitlines())
    return tuple(_label(name) for name in listed if name and not name.startswith("unuse"))


def _label(name: str) -> str:
    """The English half of `生气/angry`."""
    return "unknown" if name == "<unk>" else name.rpartition("/")[2]


def build(settings: Settings) -> "FunAsr":
    """Load the model, and hear a second of noise with it: what FunASR lacks shows only then."""
    folder = model_folder(settings.model, NEEDED[settings.kind])
    with needed_by("funasr"), quiet():
        from funasr import AutoModel
    device = torch_device(settings.device, settings.threads)
    with needed_by("funasr"), quiet() as said:
        try:
            model = AutoModel(
                model=str(folder),
                device=device,
                ncpu=settings.threads,
                disable_update=True,  # it would ask the package index for news
                disable_pbar=True,
                ignore_init_mismatch=False,
                frontend_conf={"dither": 0.0},  # noise of its own each time; `_prepared` adds the same noise always
            )
        except ImportError:
            raise
        except Exception as error:
            short = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            raise WarmlineError(f"FunASR cannot load {settings.model}: {short}") from error
    _check(settings, type(model.model).__name__, said.getvalue())
    recogniser = FunAsr(model, settings.kind)
    with needed_by("funasr"):
        recogniser.answer(np.random.default_rng(0).normal(0.0, 0.01, _RATE).astype(np.float32))
    return recogniser


def _check(settings: Settings, loaded: str, said: str) -> None:
    """FunASR loads any model, and leaves weights that the folder lacks at random; it only prints their names."""
    if loaded != MODELS[settings.kind]:
        raise UsageError(f"{settings.model} holds {loaded}, not {MODELS[settings.kind]}: mend kind or model")
    missing = [name for name in re.findall(r"miss key in ckpt: ([^\s,]+)", said) if ".decoder." not in name]
    if missing:
        raise UsageError(f"{settings.model}/model.pt has no weights for {', '.join(missing[:4])}")


class FunAsr:
    """Hears one take after another."""

    def __init__(self, model: "AutoModel", kind: Kind) -> None:
        self.model = model
        self._kind = kind
        if kind == "sensevoice":
            self._tags = _tags(model)

    def feel(self, utterances: Iterable[Utterance]) -> Iterator[Feeling | Failure]:
        """Yield every label's probability for each utterance, or why there is none."""
        return Batches(self._prepared, self._felt, most=1).run(utterances)

    def _prepared(self, utterance: Utterance) -> Waveform:
        """For SenseVoice with noise of one step of 16 bits under it, as it was trained: silence is no digital zero."""
        audio = waveform(utterance.recording, _RATE, _SHORTEST)
        if self._kind == "emotion2vec":
            return audio
        noise = np.random.default_rng(0).normal(0.0, 1 / 32768, len(audio))
        dithered: Waveform = (audio + noise).astype(np.float32)
        return dithered

    def _felt(self, batch: Sequence[Heard[Utterance]]) -> list[Feeling | Failure]:
        return [self.answer(one.audio) for one in batch]

    def answer(self, audio: Waveform) -> Feeling | Failure:
        """Every label's probability for float32 [T] at 16 kHz."""
        if self._kind == "sensevoice":
            named, shares = list(SENSEVOICE), self._tag_shares(audio)
        else:
            result = self.model.generate([audio], granularity="utterance", extract_embedding=False)[0]
            named, shares = [_label(name) for name in result["labels"]], result["scores"]
        return feeling(named, shares) if finite(shares) else Failure("the model's answer is no number")

    def _tag_shares(self, audio: Waveform) -> list[float]:
        """The distribution over the emotion tags, out of the one over all tokens at the emotion's place."""
        import torch

        outputs: list[torch.Tensor] = []
        hook = self.model.model.ctc.ctc_lo.register_forward_hook(lambda _, __, output: outputs.append(output))
        try:
            self.model.generate([audio], language="auto", use_itn=False)
        finally:
            hook.remove()
        tags = outputs[0][0, _EMOTION_AT, self._tags].float()
        shares: list[float] = torch.softmax(tags, dim=-1).tolist()
        return shares


def _tags(model: "AutoModel") -> list[int]:
    """The ids of SenseVoice's emotion tags. Raises UsageError if its tokenizer has another set."""
    pieces = model.kwargs["tokenizer"].sp
    lacking = [tag for tag in SENSEVOICE.values() if pieces.piece_to_id(tag) == pieces.unk_id()]
    if lacking:
        raise UsageError(
            f"the tokenizer of {model.model_path} has no {', '.join(lacking)}: this is no SenseVoice with emotions"
        )
    return [pieces.piece_to_id(tag) for tag in SENSEVOICE.values()]
