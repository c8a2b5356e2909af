"""Word aligner `pocketsphinx`: when each word of an English text sounds, with the acoustic model of the wheel.

A word that its dictionary does not hold cannot be found; it lies between its neighbours. The search gets noise after
the sound's end too: without it the last word does not always come to its end and is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import version

import numpy as np
from pocketsphinx import Decoder, set_loglevel

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.score.pocketsphinx import Tuning, audible, pronunciations
from pipeline.score.scorer import Utterance
from pipeline.score.word_times import Stretch, timed
from pipeline.score.wording import normalised
from schemas.frozen import Frozen, Seconds
from schemas.scores import WordTimes

VERSION = f"1, pocketsphinx {version('pocketsphinx')}"
LANGUAGES = ("en",)

_AFTER: Seconds = 0.3
_SHORTEST: Seconds = 0.1
_FRAME: Seconds = 0.01
_MOST_UNKNOWN = 0.3


class Settings(Frozen):
    """Nothing to set."""


def identity(_: Settings) -> str:
    """Nothing but the wheel."""
    return ""


def build(_: Settings) -> "PocketsphinxAligner":
    """Load nothing: the acoustic model is mapped into memory with each utterance."""
    return PocketsphinxAligner()


class PocketsphinxAligner:
    """Aligns each utterance with a decoder of its own, since one keeps something of what it heard."""

    def align(self, utterances: Iterable[Utterance]) -> Iterator[WordTimes | Failure]:
        """Yield the word times of each utterance, in order."""
        return map(self._times, utterances)

    def _times(self, utterance: Utterance) -> WordTimes | Failure:
        if utterance.language.partition("-")[0] not in LANGUAGES:
            return Failure(f"pocketsphinx aligns {', '.join(LANGUAGES)} only, not {utterance.language}")
        words = utterance.text.split()
        spoken = [normalised(word).split() for word in words]
        known = [[part for part in parts if part in pronunciations()] for parts in spoken]
        count, lost = sum(map(len, known)), sum(map(len, spoken)) - sum(map(len, known))
        if not count or lost > _MOST_UNKNOWN * (count + lost):
            return Failure(f"{lost} of {count + lost} words are not in the dictionary")
        recording = utterance.recording
        if recording.duration < _SHORTEST:
            return Failure(f"{recording.duration:.2f} s of sound are too short to hold a word")
        try:
            stretches = _stretches(recording, [part for parts in known for part in parts])
        except (ValueError, RuntimeError) as error:
            return Failure(f"pocketsphinx cannot align it: {error}")
        if len(stretches) != count:
            return Failure(f"{len(stretches)} of {count} words were found in the sound")
        return WordTimes(words=timed(words, [len(parts) for parts in known], stretches, recording.duration))


def _stretches(recording: Recording, words: Sequence[str]) -> list[Stretch]:
    """When each word sounds; fewer than there are words if the search did not come to its end."""
    silence = np.zeros(round(_AFTER * recording.sample_rate), np.float32)
    longer = Recording(np.concatenate([recording.audio, silence]), recording.sample_rate)
    decoder = _decoder()
    decoder.set_align_text(" ".join(words))
    decoder.start_utt()
    decoder.process_raw(audible(longer, Tuning().room), full_utt=True)
    decoder.end_utt()
    found = [segment for segment in decoder.seg() or () if segment.word[0] not in "<[+"]
    return [(segment.start_frame * _FRAME, (segment.end_frame + 1) * _FRAME) for segment in found]


def _decoder() -> Decoder:
    _quiet()
    return Decoder(samprate=16000, lm=None, beam=1e-80, pbeam=1e-80, wbeam=1e-60)


@cache
def _quiet() -> None:
    set_loglevel("FATAL")
