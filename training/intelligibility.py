"""Print how well each voice of the pack, and each emotion, is understood: word error rates of pocketsphinx.

python -m training.intelligibility [--each 4] [--intensity 1.0]

The recogniser is told the training texts beforehand (a language model of 60 sentences), so the rates answer "was what
we wrote said clearly"; they are not those of open recognition.
"""

import argparse
from collections import defaultdict

import numpy as np

from pipeline.engine.failure import Failure
from pipeline.score import pocketsphinx
from pipeline.score.scorer import Utterance
from pipeline.speak.espeak import Settings, build
from schemas.voice import Delivery
from training.prosody import PACK, read_pack, render
from training.texts import TEXTS


def main() -> None:
    """Render every voice in every emotion, listen, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=4, help="texts for each voice and emotion")
    parser.add_argument("--intensity", type=float, default=1.0)
    options = parser.parse_args()
    pack, speaker, recogniser = read_pack(PACK), build(Settings()), pocketsphinx.build(pocketsphinx.Settings())
    rates: dict[str, list[float]] = defaultdict(list)
    for index, voice in enumerate(pack.voices):
        for turn, (emotion, style) in enumerate(pack.deliveries.items()):
            for repeat in range(options.each):
                text = TEXTS[(index * 7 + turn * 5 + repeat * 13 + 3) % len(TEXTS)]
                delivery = Delivery(emotion=emotion, intensity=options.intensity, style=style)
                take = render(speaker, text, voice, delivery, repeat)
                (heard,) = recogniser.hear([Utterance(take, text, "en", TEXTS)])
                if isinstance(heard, Failure):
                    raise SystemExit(heard.reason)
                for group in ("all", voice.id, emotion):
                    rates[group].append(heard.wer)
    speaker.close()
    for group, found in rates.items():
        over = np.mean(np.array(found) > 0.2)
        print(f"{group:12} mean word error rate {np.mean(found):6.1%}   takes over 20%: {over:6.1%}")


if __name__ == "__main__":
    main()
