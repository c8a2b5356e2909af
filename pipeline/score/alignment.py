"""When each word of a text sounds: forced alignment by a CTC model of `transformers` and `torchaudio`.

For takes whose engine gives no word times. The best path through the model's letters is found by
`torchaudio.functional.forced_align`, where the tensors are: on the GPU if the model is there.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pipeline.audio.batches import waveform
from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError
from pipeline.engine.model_folder import Needed, model_folder
from pipeline.engine.model_library import needed_by
from pipeline.engine.model_settings import ModelSettings
from pipeline.score.speech_encoder import load
from pipeline.score.wording import plain
from schemas.frozen import Hertz, Seconds
from schemas.take import Waveform, Word

if TYPE_CHECKING:
    import torch

NEEDED: Needed = (("vocab.json", "tokenizer.json"),)

_SHORTEST: Seconds = 0.1
_BETWEEN = "|"


class ForcedAlign(Protocol):
    """`torchaudio.functional.forced_align`, as far as it is used here.

    Given log-probabilities float32 [1, T, C] and targets int64 [1, L] without the blank, it gives the likeliest CTC
    path int [1, T] that spells the targets, and each frame's log-probability on it [1, T]. RuntimeError if T is less
    than L plus the number of letters that repeat the one before.
    """

    def __call__(
        self, log_probs: "torch.Tensor", targets: "torch.Tensor", *, blank: int
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """See the class."""
        ...


def word_times(audio: Waveform, rate: Hertz, text: str, model: str) -> tuple[Word, ...]:
    """The words of `text` as spaces part them, each with its start and end in `audio`, float32 [T] at `rate`.

    `model` is the folder of a wav2vec 2.0 model (or its kin) with a letter vocabulary, or hf://ORG/NAME. A word that
    none of its letters can spell lies between its neighbours. Raises ValueError if there is nothing to align or too
    little sound for the text, UsageError for a folder that cannot be used.
    """
    with needed_by("alignment"):
        from torchaudio.functional import forced_align
    return aligner(model).times(Recording(audio, rate), text, forced_align)


@lru_cache(maxsize=1)
def aligner(model: str) -> "Aligner":
    """The model and its letters, loaded once."""
    folder = model_folder(model, NEEDED)
    encoder = load(ModelSettings(model=model), "alignment", "CTC")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        raise UsageError(f"the vocabulary of {model} has no padding token, which stands for CTC's blank")
    return Aligner(encoder, tokenizer.get_vocab(), tokenizer.pad_token_id)


class Speller(Protocol):
    """A CTC model, as `SpeechEncoder` has it."""

    @property
    def rate(self) -> Hertz:
        """Samples per second that it takes in."""
        ...

    def letters(self, audio: Waveform) -> "torch.Tensor":
        """Log-probabilities float32 [1, frames, letters]."""
        ...


class Aligner:
    """A CTC model and its letters; `blank` is the id of none of them."""

    def __init__(self, encoder: Speller, vocabulary: Mapping[str, int], blank: int) -> None:
        self._encoder = encoder
        self._ids = {letter: number for letter, number in vocabulary.items() if len(letter) == 1 and number != blank}
        self._capital = "A" in self._ids and "a" not in self._ids
        self._blank = blank

    def times(self, recording: Recording, text: str, forced_align: ForcedAlign) -> tuple[Word, ...]:
        """The words of the text and when they sound."""
        import torch

        words = plain(text).split()
        spelled = [self._spelled(word) for word in words]
        targets = self._targets(spelled)
        if not targets:
            raise ValueError(f"no letter of the text {text!r} is in the model's vocabulary")
        audio = waveform(recording, self._encoder.rate, _SHORTEST)
        log_probs = self._encoder.letters(audio)
        try:
            path, _ = forced_align(log_probs, torch.tensor([targets], device=log_probs.device), blank=self._blank)
        except RuntimeError as error:
            raise ValueError(f"{recording.duration:.2f} s of sound are too short for {text!r}") from error
        frame = recording.duration / log_probs.shape[1]
        return _words(words, [len(word) for word in spelled], self._spans(path[0].tolist()), frame, recording.duration)

    def _spelled(self, word: str) -> list[int]:
        cased = word.upper() if self._capital else word.lower()
        return [self._ids[letter] for letter in cased if letter in self._ids and letter != _BETWEEN]

    def _targets(self, spelled: Sequence[Sequence[int]]) -> list[int]:
        """All letters in a row, with the vocabulary's sign between words where it has one."""
        between = [self._ids[_BETWEEN]] if _BETWEEN in self._ids else []
        targets: list[int] = []
        for word in spelled:
            targets += [*between, *word] if targets and word else word
        return targets

    def _spans(self, path: Sequence[int]) -> list[tuple[int, int]]:
        """First frame and end of every letter on the path, those between words left out."""
        starts = [at for at in range(len(path)) if at == 0 or path[at] != path[at - 1]]
        ends = [*starts[1:], len(path)]
        silent = {self._blank, self._ids.get(_BETWEEN, self._blank)}
        return [(start, end) for start, end in zip(starts, ends, strict=True) if path[start] not in silent]


def _words(
    words: Sequence[str], letters: Sequence[int], spans: Sequence[tuple[int, int]], frame: Seconds, duration: Seconds
) -> tuple[Word, ...]:
    """Each word from its first letter's start to its last one's end; frames last `frame` seconds."""
    ends = np.cumsum(letters)
    timed: list[Word] = []
    for word, count, end in zip(words, letters, ends, strict=True):
        if count:
            start, stop = spans[end - count][0] * frame, spans[end - 1][1] * frame
        else:  # from the end of the word before to the next one's start
            start = timed[-1].end if timed else 0.0
            stop = spans[end][0] * frame if end < len(spans) else duration
        timed.append(Word(text=word, start=start, end=stop))
    return tuple(timed)
