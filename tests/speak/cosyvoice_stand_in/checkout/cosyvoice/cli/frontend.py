"""Texts and clips to numbers. What is kept of a voice: its prompt's text, a digest of its clip as tokens."""

import logging
import re
from dataclasses import dataclass, field

import numpy as np

from tests.speak.cosyvoice_stand_in.tensors import Tensor

logging.basicConfig(level=logging.DEBUG)
_MOST_TOKENS = 80
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def load_wav(wav: str, target_sr: int, min_sr: int = 16000) -> Tensor:  # noqa: ARG001
    """As it is with torchaudio 2.9 and newer."""
    raise ImportError(
        "TorchCodec is required for load_with_torchcodec. Please install torchcodec to use this function."
    )


@dataclass(frozen=True)
class Prompt:
    """What goes before a text."""

    text: Tensor
    speech: Tensor


@dataclass
class FrontEnd:
    text_frontend: str
    spk2info: dict[str, Prompt] = field(default_factory=dict)

    def tokens(self, text: str) -> Tensor:
        """[1, N]: a token a byte."""
        return Tensor(np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int64)[None, :])

    def prompt(self, text: str, wav: str, known: str) -> Prompt:
        """The registered one if there is a name, whatever stands beside it."""
        if known:
            return self.spk2info[known]
        speech = load_wav(wav, 16000).array
        assert speech.shape[1] / 16000 <= 30, "do not support extract speech token for audio longer than 30s"
        heard = np.abs(speech[0, : speech.shape[1] // 640 * 640]).reshape(-1, 640).max(axis=1)
        return Prompt(self.tokens(text), Tensor((heard * 6561).astype(np.int64)[None, :] % 6561))

    def text_normalize(self, text: str, split: bool = True, text_frontend: bool = True) -> str | list[str]:
        if ("<|" in text and "|>" in text) or not text_frontend or not text:
            return [text] if split else text
        text = re.sub(r"\d", lambda digit: _DIGITS[int(digit[0])], text.strip())
        if not split:
            return text
        segments = [""]
        for sentence in re.findall(r"[^.?!;:]*[.?!;:]|[^.?!;:]+$", text):
            if len(segments[-1]) + len(sentence) > _MOST_TOKENS:
                segments.append("")
            segments[-1] += sentence
        return [segment for segment in segments if any(map(str.isalnum, segment))]
