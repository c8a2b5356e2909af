"""ASR backend `faster_whisper`: Whisper models in CTranslate2's format, an open recogniser of a hundred languages.

It is told the language and nothing of the text. Decoding is beam search without sampling, so the same take is heard the
same way again; the fallback to higher temperatures that Whisper's own script has is left out for that reason, and a
take that sends the model into a loop fails by its error rate.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from pipeline.audio.batches import MOST, Batches, Heard, waveform
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.failure import Failure
from pipeline.engine.model_folder import Needed, digest, model_folder, model_name
from pipeline.engine.model_library import needed_by, versions
from pipeline.score.scorer import Utterance
from pipeline.score.wording import error_rates
from schemas.frozen import Frozen, Seconds
from schemas.scores import Hearing
from schemas.take import Waveform

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

VERSION = f"1, {versions('faster-whisper', 'ctranslate2', 'whisper-normalizer')}"
_CODES = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy "
    "id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru "
    "sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"
)
LANGUAGES = tuple(_CODES.split())
NEEDED: Needed = (("config.json",), ("model.bin",), ("tokenizer.json",), ("vocabulary.json", "vocabulary.txt"))

_SAMPLE_RATE = 16000
_SHORTEST: Seconds = 0.1
_WINDOW: Seconds = 30.0
_NO_SPEECH, _UNLIKELY = 0.6, -1.0
"""Above and below these Whisper's own script takes a window for silence, whatever words it made of it."""


class Settings(Frozen):
    """`model` is a folder in CTranslate2's format, or hf://ORG/NAME (`hf://Systran/faster-whisper-large-v3`).

    `compute` is CTranslate2's `compute_type`; `default` keeps the folder's own where the device knows it. `threads` are
    those of one worker on the CPU.
    """

    model: str = Field(min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute: Literal[
        "default", "auto", "int8", "int8_float16", "int8_float32", "int16", "float16", "bfloat16", "float32"
    ] = "default"
    beam: int = Field(default=5, ge=1, le=20)
    threads: int = Field(default=1, ge=1)


def identity(settings: Settings) -> str:
    """The weights, in what numbers they are computed, and the breadth of the search."""
    return f"{digest(settings.model)} {settings.compute} {settings.beam}"


def build(settings: Settings) -> "FasterWhisper":
    """Load the model. Raises UsageError or WarmlineError for a folder or a device that cannot be used."""
    folder = model_folder(settings.model, NEEDED)
    with needed_by("faster_whisper"):
        from faster_whisper import WhisperModel
    try:
        model = WhisperModel(
            str(folder),
            device=settings.device,
            compute_type=settings.compute,
            cpu_threads=settings.threads,
            local_files_only=True,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise WarmlineError(
            f"faster-whisper cannot load {settings.model}: {' '.join(str(error).split())[:300]}"
        ) from error
    mels = model.feature_extractor.mel_filters.shape[0]
    if mels != model.model.n_mels:
        raise UsageError(
            f"the model folder {settings.model} lacks preprocessor_config.json: "
            f"the model listens to {model.model.n_mels} mel bands, and without that file it is given {mels}"
        )
    return FasterWhisper(model, model_name(settings.model), settings.beam)


@dataclass(frozen=True)
class Decoded:
    """What the model made of one window."""

    text: str
    likelihood: float
    no_speech: float

    @property
    def heard(self) -> str:
        """The text, unless the model takes the window for silence."""
        silent = self.no_speech > _NO_SPEECH and self.likelihood < _UNLIKELY
        return "" if silent else self.text


class FasterWhisper:
    """Hears batches on a GPU and one take after another elsewhere.

    Each window of 30 s is padded to its full length by itself, so that neighbours in a batch change nothing. A longer
    take is cut every 30 s.
    """

    def __init__(self, model: "WhisperModel", name: str, beam: int, most: int | None = None) -> None:
        self.model = model
        self._name = name
        self._beam = beam
        self._most = most or (MOST if model.model.device == "cuda" else 1)
        self._tokenizer = lru_cache(maxsize=None)(self._new_tokenizer)

    def hear(self, utterances: Iterable[Utterance]) -> Iterator[Hearing | Failure]:
        """Yield one hearing an utterance, in order; sound too short to hold a word is heard as nothing."""
        return Batches(_prepared, self._heard, self._most).run(utterances)

    def _heard(self, batch: Sequence[Heard[Utterance]]) -> list[Hearing | Failure]:
        windows = [(one.item.language, window) for one in batch for window in _windows(one.audio)]
        decoded = iter(self._decode(windows) if windows else ())
        return [
            self._hearing(one.item, " ".join(next(decoded).heard for _ in _windows(one.audio)).strip()) for one in batch
        ]

    def _hearing(self, utterance: Utterance, transcript: str) -> Hearing | Failure:
        try:
            wer, cer = error_rates(utterance.text, transcript, utterance.language, open_vocabulary=True)
        except ValueError as error:
            return Failure(str(error))
        return Hearing(transcript=transcript, wer=wer, cer=cer, language_model=f"open, {self._name}")

    def _decode(self, windows: Sequence[tuple[str, Waveform]]) -> list[Decoded]:
        from faster_whisper.transcribe import get_suppressed_tokens

        model = self.model
        tokenizers = [self._tokenizer(language) for language, _ in windows]
        results = model.model.generate(
            model.encode(np.stack([self._features(window) for _, window in windows])),
            [model.get_prompt(tokenizer, [], without_timestamps=True) for tokenizer in tokenizers],
            beam_size=self._beam,
            max_length=model.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizers[0], [-1]),
        )
        return [
            Decoded(
                text=tokenizer.decode(result.sequences_ids[0]).strip(),
                likelihood=_mean_likelihood(result.scores[0], len(result.sequences_ids[0])),
                no_speech=result.no_speech_prob,
            )
            for tokenizer, result in zip(tokenizers, results, strict=True)
        ]

    def _features(self, window: Waveform) -> Waveform:
        """The log-mel spectrogram of a window, float32 [mels, 3000], zeros after its end as faster-whisper has it."""
        features = self.model.feature_extractor(window)[:, :-1]  # the last frame is of the padding that it adds
        padded: Waveform = np.zeros((len(features), self.model.feature_extractor.nb_max_frames), np.float32)
        padded[:, : features.shape[1]] = features
        return padded

    def _new_tokenizer(self, language: str) -> "Tokenizer":
        from faster_whisper.tokenizer import Tokenizer

        language = language.partition("-")[0]
        many = self.model.model.is_multilingual
        known = self.model.hf_tokenizer.token_to_id(f"<|{language}|>") is not None if many else language == "en"
        if not known:
            raise UsageError(f"the model {self._name} does not know the language {language}")
        return Tokenizer(self.model.hf_tokenizer, many, task="transcribe", language=language)


def _prepared(utterance: Utterance) -> Waveform:
    """Nothing of a take too short to hold a word."""
    if utterance.recording.duration < _SHORTEST:
        return np.zeros(0, np.float32)
    return waveform(utterance.recording, _SAMPLE_RATE, _SHORTEST)


def _windows(audio: Waveform) -> list[Waveform]:
    """What the model hears at a time; an end too short to hold a word is left out."""
    step = int(_WINDOW * _SAMPLE_RATE)
    pieces = (audio[start : start + step] for start in range(0, len(audio), step))
    return [piece for piece in pieces if len(piece) >= _SHORTEST * _SAMPLE_RATE]


def _mean_likelihood(score: float, tokens: int) -> float:
    """The mean log-probability of a token, the end's included; CTranslate2 gives it without the end."""
    return score * tokens / (tokens + 1)
