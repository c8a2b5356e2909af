"""What a rendering consists of, and what its speech tokens tell of it before anyone listens."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from schemas.take import Waveform

RATE, SIZE = 25, 6561
"""Speech tokens a second, and how many different ones there are."""
SAMPLES = 960
"""Of 24 kHz, made from each token."""

_LONGEST_RUN = 25
_MOST_PER_TEXT_TOKEN = 20
"""Upstream breaks off there; a text spoken well needs a third of it."""
_LEAST_PER_LETTER = 0.25
"""A hundredth of a second: nobody speaks so fast."""


@dataclass(frozen=True)
class Segment:
    """A stretch of text as upstream cut it: how many tokens the text had, and which speech tokens it became."""

    text_tokens: int
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class Rendering:
    """`audio` is float32 [T] at `sample_rate`, made from the segments' tokens."""

    audio: Waveform
    sample_rate: int
    segments: tuple[Segment, ...]

    @property
    def tokens(self) -> tuple[int, ...]:
        """All speech tokens in order."""
        return tuple(token for segment in self.segments for token in segment.tokens)


def fault(rendering: Rendering, text: str) -> str | None:
    """Why this rendering of `text` is no take: it stopped at once, ran on, stuck, or tokens and sound disagree."""
    tokens = rendering.tokens
    letters = sum(map(str.isalnum, text))
    if len(tokens) < _LEAST_PER_LETTER * letters:
        return f"CosyVoice stopped at once: {len(tokens)} speech tokens for {letters} letters"
    for segment in rendering.segments:
        if len(segment.tokens) >= _MOST_PER_TEXT_TOKEN * segment.text_tokens:
            return f"CosyVoice ran on: {len(segment.tokens)} speech tokens for {segment.text_tokens} of text, its limit"
    token, run = longest_run(tokens)
    if run >= _LONGEST_RUN:
        return f"CosyVoice got stuck: token {token} {run} times running, {run / RATE:.1f} s"
    if not 0 <= min(tokens) <= max(tokens) < SIZE:
        return f"CosyVoice gave tokens outside 0..{SIZE - 1}"
    if len(rendering.audio) != SAMPLES * len(tokens):
        return f"CosyVoice gave {len(rendering.audio)} samples for {len(tokens)} tokens, not {SAMPLES} for each"
    return None


def longest_run(tokens: Sequence[int]) -> tuple[int, int]:
    """The token that is repeated longest, and how often.

    >>> longest_run([5, 7, 7, 7, 5])
    (7, 3)
    """
    runs = [(token, len(list(same))) for token, same in groupby(tokens)]
    return max(runs, key=lambda run: run[1])
