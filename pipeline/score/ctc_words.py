"""Word aligner `ctc`: when each word of a text sounds, by a CTC model of `transformers` and `torchaudio`.

Each character of a script without spaces is a word. One that none of the model's letters can spell lies between its
neighbours. The best path through the model's letters is found by
`torchaudio.functional.forced_align`, where the tensors are: on the GPU if the model is there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from pipeline.audio.batches import waveform
from pipeline.audio.recording import Recording
from pipeline.engine.errors import UsageError
from pipeline.engine.failure import Failure
from pipeline.engine.model_folder import Needed, model_folder
from pipeline.engine.model_library import needed_by, versions
from pipeline.engine.model_settings import ModelSettings, identity
from pipeline.interleave.text_tokens import words
from pipeline.score.scorer import Utterance
from pipeline.score.speech_encoder import load
from pipeline.score.word_times import timed
from pipeline.score.wording import plain
from schemas.frozen import Hertz, Seconds
from schemas.scores import WordTimes
from schemas.take import Waveform, Word

if TYPE_CHECKING:
    import torch

VERSION = f"1, {versions('transformers', 'torch', 'torchaudio')}"
LANGUAGES = None
NEEDED: Needed = (("vocab.json", "tokenizer.json"),)

_SHORTEST: Seconds = 0.1
_BETWEEN = "|"

__all__ = ["LANGUAGES", "VERSION", "Aligner", "CtcAligner", "Settings", "aligner", "build", "identity"]


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


class Settings(ModelSettings):
    """A wav2vec 2.0 model (or its kin) with a vocabulary of letters, and where it runs."""


def build(settings: Settings) -> "CtcAligner":
    """Load the model. Raises UsageError for a folder that cannot be used, or without torchaudio."""
    with needed_by("ctc"):
        from torchaudio.functional import forced_align
    return CtcAligner(aligner(settings), forced_align)


def aligner(settings: Settings) -> "Aligner":
    """The model and its letters."""
    folder = model_folder(settings.model, NEEDED)
    encoder = load(settings, "ctc", "CTC")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        raise UsageError(f"the vocabulary of {settings.model} has no padding token, which stands for CTC's blank")
    return Aligner(encoder, tokenizer.get_vocab(), tokenizer.pad_token_id)


class CtcAligner:
    """Aligns one utterance after another: nothing is padded, so neighbours change nothing."""

    def __init__(self, aligner: "Aligner", forced_align: ForcedAlign) -> None:
        self._aligner, self._forced_align = aligner, forced_align

    def align(self, utterances: Iterable[Utterance]) -> Iterator[WordTimes | Failure]:
        """Yield the word times of each utterance, in order."""
        for utterance in utterances:
            try:
                yield WordTimes(words=self._aligner.times(utterance.recording, utterance.text, self._forced_align))
            except ValueError as error:
                yield Failure(str(error))


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

        said = [word.strip() for word in words(text) if word.strip()]
        spelled = [self._spelled(plain(word)) for word in said]
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
        spans = [(start * frame, stop * frame) for start, stop in self._spans(path[0].tolist())]
        return timed(said, [len(word) for word in spelled], spans, recording.duration)

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
