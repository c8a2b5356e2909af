"""Make the prosody classifier anew, and print how well it does on voices and texts it has not heard.

python -m training.prosody           fit, write pipeline/score/prosody_model.npz, print the held-out figures
python -m training.prosody --check   print them for the model that ships, without fitting

The deliveries and the held-out voices are those of prompts/empathy. On a machine shared with others set
OPENBLAS_NUM_THREADS=1: the matrices are too small for threads.
"""

import argparse
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import TypeAdapter
from sklearn.linear_model import LogisticRegression

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.score.prosody import MODEL, Classifier, Vector, reference_vector
from pipeline.score.prosody_features import measure
from pipeline.speak.espeak import Espeak, Settings, build
from schemas.take import Line
from schemas.voice import Age, Delivery, Gender, Style, Voice
from training.texts import TEXTS

PACK = Path(__file__).parent.parent / "prompts" / "empathy"

HELD_OUT_TEXTS = TEXTS[::5]
FITTED_TEXTS = tuple(text for text in TEXTS if text not in HELD_OUT_TEXTS)

FITTED_VOICES: tuple[dict[str, str | float], ...] = (
    *(
        dict[str, str | float](variant=name)
        for name in ("klatt", "klatt2", "klatt6", "edward", "m3", "m4", "michel", "sandro")
    ),
    *(
        dict[str, str | float](variant=name)
        for name in ("victor", "mike2", "Reed", "robosoft2", "steph3", "steph2", "f4")
    ),
    *(dict[str, str | float](variant=name) for name in ("aunty", "Nguyen", "linda")),
    {"variant": "klatt", "tract": 0.87, "pitch": 74},
    {"variant": "michel", "tract": 0.87, "pitch": 72},
    {"variant": "klatt6", "tract": 0.86, "pitch": 80},
    {"variant": "f4", "tract": 0.93},
    {"variant": "m5", "tract": 0.9, "pitch": 62},
    {"variant": "edward", "tract": 1.08},
    {"variant": "adam", "tract": 0.9, "pitch": 70},
    {"variant": "steph3", "tract": 1.08},
)
"""None of their variants is one of the pack's."""

_REGULARISATION = 0.5
_NEUTRAL_WEIGHT = 2.0
"""All other emotions lie around neutral, so it is the one that loses takes to each of them."""


@dataclass(frozen=True)
class Pack:
    """What the training needs of a prompt pack."""

    voices: tuple[Voice, ...]
    deliveries: Mapping[str, Style]
    reference_texts: tuple[str, ...]


@dataclass(frozen=True)
class Heard:
    """Differences from neutral [N, F], the emotion asked of each, and its intensity."""

    differences: Vector
    emotions: NDArray[np.str_]
    intensities: NDArray[np.float64]


def read_pack(folder: Path) -> Pack:
    """The voices, deliveries and reference texts of a pack's folder."""
    voices = yaml.safe_load((folder / "voices.yaml").read_text())["voices"]
    deliveries = yaml.safe_load((folder / "deliveries.yaml").read_text())
    return Pack(
        voices=TypeAdapter(tuple[Voice, ...]).validate_python(voices),
        deliveries=TypeAdapter(dict[str, Style]).validate_python(deliveries["deliveries"]),
        reference_texts=tuple(deliveries["reference_texts"]["en"]),
    )


def fitted_voices() -> Iterator[Voice]:
    """The voices to fit on, as a pack would list them."""
    for index, settings in enumerate(FITTED_VOICES):
        yield Voice(
            id=f"fitted-{index}",
            gender=Gender.MALE,  # not used
            age=Age.ADULT,
            engines={"espeak": settings},
            licence="synthetic",
            consent="synthetic",
        )


def render(speaker: Espeak, text: str, voice: Voice, delivery: Delivery, seed: int) -> Recording:
    """One take; RuntimeError if the engine gives none."""
    take = next(speaker.speak([Line(text=text, language="en", voice=voice, delivery=delivery, seed=seed)]))
    if isinstance(take, Failure):
        raise RuntimeError(f"{voice.id}: {take.reason}")
    return Recording(take.audio, take.sample_rate)


@dataclass(frozen=True)
class Trial:
    """What to render: `each` takes of every voice and emotion, one to three of `texts` long, in random intensities."""

    voices: tuple[Voice, ...]
    texts: tuple[str, ...]
    intensities: tuple[float, float]
    each: int


def listen(speaker: Espeak, pack: Pack, trial: Trial) -> Heard:
    """Render and measure; the draws are the same every time."""
    draw = random.Random(f"{trial.texts[0]} {trial.each}")  # noqa: S311 - reproducible on purpose
    rows: list[tuple[Vector, str, float]] = []
    neutral = Delivery(emotion="neutral", intensity=1.0, style=pack.deliveries["neutral"])
    for voice in trial.voices:
        own = reference_vector([render(speaker, text, voice, neutral, 0) for text in pack.reference_texts])
        for emotion, style in pack.deliveries.items():
            for _ in range(trial.each):
                text = " ".join(draw.sample(trial.texts, draw.choice((1, 1, 2, 2, 3))))
                delivery = Delivery(emotion=emotion, intensity=draw.uniform(*trial.intensities), style=style)
                take = render(speaker, text, voice, delivery, draw.randrange(2**31))
                rows.append((measure(take) - own, emotion, delivery.intensity))
    differences, emotions, intensities = zip(*rows, strict=True)
    return Heard(np.array(differences), np.array(emotions), np.array(intensities))


def fit(heard: Heard) -> Classifier:
    """Multinomial logistic regression on standardised differences."""
    mean, scale = heard.differences.mean(axis=0), heard.differences.std(axis=0)
    regression = LogisticRegression(C=_REGULARISATION, max_iter=3000)
    weights = np.where(heard.emotions == "neutral", _NEUTRAL_WEIGHT, 1.0)
    regression.fit((heard.differences - mean) / scale, heard.emotions, sample_weight=weights)
    return Classifier(
        labels=tuple(str(label) for label in regression.classes_),
        mean=mean,
        scale=scale,
        weights=regression.coef_.T,
        bias=regression.intercept_,
    )


def report(classifier: Classifier, heard: Heard) -> str:
    """The held-out figures and the confusion matrix, rows the emotion asked for."""
    labels = classifier.labels
    asked = np.array([labels.index(emotion) for emotion in heard.emotions])
    shares = classifier.probabilities(heard.differences)
    right = shares[np.arange(len(asked)), asked]
    wrong = shares[np.arange(len(labels)) != asked[:, None]].reshape(len(asked), -1)
    best = shares.argmax(axis=1)
    strong = heard.intensities >= 0.8
    lines = [
        f"{len(asked)} takes of voices and texts not fitted on, intensity "
        f"{heard.intensities.min():.2f} to {heard.intensities.max():.2f}",
        f"accuracy                                            {np.mean(best == asked):.1%}",
        f"accuracy at intensity 0.8 and more                  {np.mean((best == asked)[strong]):.1%}",
        f"takes with P(their emotion) of 0.4 and more         {np.mean(right >= 0.4):.1%}",
        f"pairs of take and another emotion with P under 0.4  {np.mean(wrong < 0.4):.1%}",
        f"takes with every other emotion's P under 0.4        {np.mean(wrong.max(axis=1) < 0.4):.1%}",
        "",
        " " * 12 + "".join(f"{label[:9]:>11}" for label in labels),
    ]
    for row, label in enumerate(labels):
        counts = np.bincount(best[asked == row], minlength=len(labels))
        lines.append(f"{label:12}" + "".join(f"{count:11d}" for count in counts))
    return "\n".join(lines)


def main() -> None:
    """Fit unless asked only to check, then print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only print the figures of the model that ships")
    pack = read_pack(PACK)
    speaker = build(Settings())
    if not parser.parse_args().check:
        fit(listen(speaker, pack, Trial(tuple(fitted_voices()), FITTED_TEXTS, (0.6, 1.5), each=8))).save(MODEL)
    heard = listen(speaker, pack, Trial(pack.voices, HELD_OUT_TEXTS, (0.7, 1.3), each=4))
    speaker.close()
    print(report(Classifier.load(MODEL), heard))


if __name__ == "__main__":
    main()
