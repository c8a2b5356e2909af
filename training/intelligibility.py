"""Print how well each voice of the pack, and each emotion, is understood: word error rates of pocketsphinx.

python -m training.intelligibility [--each 4] [--intensity 1.0]

The recogniser is told the training texts beforehand (a language model of 60 sentences), so the rates answer "was what
we wrote said clearly"; they are not those of open recognition.
"""

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path

import jiwer
import numpy as np
from pocketsphinx import Decoder
from pocketsphinx.lm import ArpaBoLM

from pipeline.audio.recording import Recording, resample
from pipeline.speak.espeak import Settings, build
from schemas.voice import Delivery
from training.prosody import PACK, read_pack, render
from training.texts import TEXTS

_HEARD_AT = 16000
_LEVEL, _ROOM = 0.1, 0.001
"""RMS of speech and of the noise put under it: digital silence alone upsets the recogniser's features."""


def spelled(text: str) -> str:
    """Lower case, letters and apostrophes only."""
    return " ".join("".join(c for c in text.lower() if c.isalpha() or c in "' ").split())


def recogniser() -> Decoder:
    """Pocketsphinx with a language model of the training texts."""
    model = ArpaBoLM(text="\n".join(map(spelled, TEXTS)), add_start=True)
    model.compute()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "texts.lm")
        model.write_file(str(path))
        return Decoder(lm=str(path), loglevel="FATAL", samprate=_HEARD_AT)


def heard(decoder: Decoder, recording: Recording) -> str:
    """What the recogniser makes of a recording in a quiet room."""
    audio = resample(recording, _HEARD_AT).audio
    audio = np.pad(audio * (_LEVEL / np.sqrt(np.mean(np.square(audio)))), _HEARD_AT // 5)
    room = np.random.default_rng(0).normal(0.0, _ROOM, len(audio))
    decoder.start_utt()
    decoder.process_raw((np.clip(audio + room, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return hypothesis.hypstr if hypothesis else ""


def main() -> None:
    """Render every voice in every emotion, listen, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=4, help="texts for each voice and emotion")
    parser.add_argument("--intensity", type=float, default=1.0)
    options = parser.parse_args()
    pack, speaker, decoder = read_pack(PACK), build(Settings()), recogniser()
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for index, voice in enumerate(pack.voices):
        for turn, (emotion, style) in enumerate(pack.deliveries.items()):
            for repeat in range(options.each):
                text = TEXTS[(index * 7 + turn * 5 + repeat * 13 + 3) % len(TEXTS)]
                delivery = Delivery(emotion=emotion, intensity=options.intensity, style=style)
                pair = (spelled(text), heard(decoder, render(speaker, text, voice, delivery, repeat)))
                for group in ("all", voice.id, emotion):
                    pairs[group].append(pair)
    speaker.close()
    for group, said_and_heard in pairs.items():
        said, understood = map(list, zip(*said_and_heard, strict=True))
        over = np.mean([jiwer.wer(one, other) > 0.2 for one, other in said_and_heard])
        print(f"{group:12} word error rate {jiwer.wer(said, understood):6.1%}   takes over 20%: {over:6.1%}")


if __name__ == "__main__":
    main()
