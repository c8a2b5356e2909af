"""ASR backend `pocketsphinx`: an English recogniser out of a wheel, with a language model of the dialogue at hand.

Told the texts of the dialogue, it answers "was what we wrote said": a WER is a check of the take, not what an open
recogniser would have understood. `Hearing.language_model` says which of the two a figure came from.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from pocketsphinx import Decoder, get_model_path, set_loglevel
from pocketsphinx.lm import ArpaBoLM

from pipeline.audio.recording import Recording, pcm16, resample
from pipeline.engine.failure import Failure
from pipeline.score.scorer import Utterance
from pipeline.score.wording import error_rates, normalised
from schemas.frozen import Frozen
from schemas.scores import Hearing

VERSION = f"1, pocketsphinx {version('pocketsphinx')}"
LANGUAGES = ("en",)

_SAMPLE_RATE = 16000
_SHORTEST = 0.1
_LEVEL = 0.05
_MOST_GAIN = 500.0


@dataclass(frozen=True)
class Tuning:
    """How the decoder is run; `python -m benchmarks.hearing --tune` prints what the alternatives cost.

    `room` is the RMS of the noise put under the speech, whose own is 0.05. Digital silence has no spectrum: its frames,
    at the floor of the logarithm, would pull the cepstral mean of the whole utterance away from the speech.
    `language_weight`, `second_pass` and `lookahead` (in frames) steer the search with a dialogue's language model.
    """

    room: float = 20 / 32768
    language_weight: float = 10.0
    second_pass: bool = False
    lookahead: int = 0


class Settings(Frozen):
    """What the recogniser is told beforehand: the texts of the utterance's own dialogue, or nothing.

    `default` is the wheel's own model of general English: eight times as slow, and wrong in more than a third of the
    words that the embedded speech engine says.
    """

    language_model: Literal["dialogue", "default"] = "dialogue"


def identity(settings: Settings) -> str:
    """What the recogniser is told beforehand."""
    return settings.language_model


def build(settings: Settings) -> "Pocketsphinx":
    """Load nothing: the acoustic model is mapped into memory with each utterance."""
    return Pocketsphinx(settings)


@cache
def pronunciations() -> Mapping[str, str]:
    """The wheel's dictionary: for each of its words the lines of its pronunciations."""
    lines: dict[str, str] = {}
    with Path(get_model_path("en-us/cmudict-en-us.dict")).open(encoding="utf-8") as dictionary:
        for line in dictionary:
            word = re.sub(r"\(\d+\)$", "", line.split(" ", 1)[0])
            lines[word] = lines.get(word, "") + line
    return lines


def unknown_words(texts: Sequence[str]) -> list[str]:
    """The words of the texts that cannot be heard, each once: wherever they are said they count as errors.

    >>> unknown_words(["My schnoodle can't sleep.", "Poor schnoodle! Since 7?"])
    ['schnoodle', '7']
    """
    words = dict.fromkeys(word for text in texts for word in normalised(text).split())
    return [word for word in words if word not in pronunciations()]


class Pocketsphinx:
    """Hears each utterance with a decoder of its own.

    A decoder keeps something of what it heard, even with its features normalised over each utterance by itself: the
    same sound then scores a little differently. A new one costs 11 ms.
    """

    def __init__(self, settings: Settings, tuning: Tuning | None = None) -> None:
        self._general = settings.language_model == "default"
        self._tuning = tuning or Tuning()

    def hear(self, utterances: Iterable[Utterance]) -> Iterator[Hearing | Failure]:
        """Yield one hearing an utterance, in order; sound too short to hold a word is heard as nothing."""
        for utterance in utterances:
            yield self._hearing(utterance)

    def _hearing(self, utterance: Utterance) -> Hearing | Failure:
        if utterance.language not in LANGUAGES:
            return Failure(f"pocketsphinx hears {', '.join(LANGUAGES)} only, not {utterance.language}")
        if not any(map(str.isalpha, utterance.text)):
            return Failure(f"there is no word to be heard in the text {utterance.text!r}")
        try:
            transcript = self._transcript(utterance)
            wer, cer = error_rates(utterance.text, transcript)
        except (ValueError, RuntimeError) as error:
            return Failure(f"pocketsphinx failed: {error}")
        told = "pocketsphinx en-us" if self._general else "dialogue"
        return Hearing(transcript=transcript, wer=wer, cer=cer, language_model=told)

    def _transcript(self, utterance: Utterance) -> str:
        if utterance.recording.duration < _SHORTEST:
            return ""
        sound = audible(utterance.recording, self._tuning.room)
        texts = utterance.dialogue or (utterance.text,)
        decoder = _general_decoder() if self._general else dialogue_decoder(texts, self._tuning)
        if decoder is None:
            return ""
        decoder.start_utt()
        decoder.process_raw(sound, full_utt=True)
        decoder.end_utt()
        heard = decoder.hyp()
        return str(heard.hypstr) if heard else ""


def audible(recording: Recording, room: float) -> bytes:
    """The recording as the decoder takes it in: PCM16 at 16 kHz, at one level, with noise of RMS `room` under it.

    Raises ValueError for samples that are no numbers.
    """
    pcm16(recording)
    audio = resample(recording, _SAMPLE_RATE).audio
    gain = min(_LEVEL / max(float(np.sqrt(np.mean(np.square(audio)))), 1e-9), _MOST_GAIN)
    noise = np.random.default_rng(0).normal(0.0, room, len(audio))
    return pcm16(Recording((gain * audio + noise).astype(np.float32), _SAMPLE_RATE)).astype("<i2").tobytes()


def dialogue_decoder(texts: Sequence[str], tuning: Tuning) -> Decoder | None:
    """A decoder that knows the dialogue's words and no others; none if no word of it can be heard.

    With so small a dictionary it is ready at once; one of all 135,000 words takes long even over changing its language
    model.
    """
    known = pronunciations()
    sentences = [[word for word in normalised(text).split() if word in known] for text in texts]
    words = dict.fromkeys(word for sentence in sentences for word in sentence)
    if not words:
        return None
    model = ArpaBoLM(text="\n".join(map(" ".join, sentences)), add_start=True)
    model.compute()
    with tempfile.TemporaryDirectory() as folder:
        dictionary, grams = Path(folder, "dictionary"), Path(folder, "language_model")
        dictionary.write_text("".join(known[word] for word in words), encoding="utf-8")
        with grams.open("w", encoding="utf-8") as file:
            model.write(file)
        return _decoder(
            Path(folder),
            dict=str(dictionary),
            lm=str(grams),
            lw=tuning.language_weight,
            fwdflat=tuning.second_pass,
            pl_window=tuning.lookahead,
        )


def _general_decoder() -> Decoder:
    with tempfile.TemporaryDirectory() as folder:
        return _decoder(Path(folder))


def _decoder(folder: Path, **options: str | float) -> Decoder:
    """A decoder that logs nothing, and subtracts no noise: it hears better what the room adds than without."""
    features = Path(get_model_path("en-us/en-us/feat.params")).read_text(encoding="utf-8")
    quiet = folder / "features"
    quiet.write_text(features.replace("-remove_noise yes", "-remove_noise no"), encoding="utf-8")
    set_loglevel("FATAL")
    return Decoder(samprate=_SAMPLE_RATE, featparams=str(quiet), loglevel="FATAL", **options)
