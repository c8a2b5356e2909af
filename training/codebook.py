"""Make the codebook of the `kmeans` units anew, and print how well it stands for speech it has not seen.

python -m training.codebook           fit, write pipeline/units/kmeans_25hz_1024.npz, print the held-out figures
python -m training.codebook --check   print them for the codebook that ships, without fitting
"""

import argparse
from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from pipeline.audio.features import Floats
from pipeline.audio.recording import Recording
from pipeline.speak.espeak import Settings, build
from pipeline.units.kmeans import CODEBOOK, SIZE, Codebook, codebook, features
from schemas.voice import Delivery, Voice
from training.prosody import FITTED_TEXTS, HELD_OUT_TEXTS, PACK, fitted_voices, read_pack, render


def renderings(voices: Sequence[Voice], texts: Sequence[str]) -> Iterable[Recording]:
    """Every voice speaks the texts, each in one of the pack's deliveries in turn."""
    deliveries = list(read_pack(PACK).deliveries.items())
    speaker = build(Settings())
    try:
        for number, voice in enumerate(voices):
            for place, text in enumerate(texts):
                emotion, style = deliveries[(number + place) % len(deliveries)]
                delivery = Delivery(emotion=emotion, intensity=1.0, style=style)
                yield render(speaker, text, voice, delivery, place)
    finally:
        speaker.close()


def fit(frames: Floats) -> Codebook:
    """Centroids of the frames, ordered by their first coefficients so that equal fits have equal bytes."""
    model = MiniBatchKMeans(SIZE, random_state=0, batch_size=8192, n_init=3, max_iter=60)
    centroids = np.asarray(model.fit(frames).cluster_centers_, dtype=np.float32)
    return Codebook(centroids[np.lexsort(centroids.T[::-1])], "")


def error(book: Codebook, frames: Floats) -> float:
    """Mean squared distance of frames to their centroids, as a part of the frames' variance."""
    distances = np.square(frames - book.centroids[book.nearest(frames)]).sum(axis=1)
    return float(distances.mean() / frames.var(axis=0).sum())


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="do not fit")
    if not parser.parse_args().check:
        seen = np.concatenate([features(one) for one in renderings(list(fitted_voices()), FITTED_TEXTS)])
        np.savez(CODEBOOK, centroids=fit(seen).centroids)
        print(f"fitted on {len(seen)} frames")
    held_out = np.concatenate([features(one) for one in renderings(read_pack(PACK).voices, HELD_OUT_TEXTS)])
    book = codebook()
    normal = np.random.default_rng(0).normal(held_out.mean(axis=0), held_out.std(axis=0), book.centroids.shape)
    used = len(np.unique(book.nearest(held_out)))
    print(f"revision {book.revision}; {len(held_out)} held-out frames of other voices and other texts")
    print(f"quantisation error      {error(book, held_out):.1%} of the variance")
    print(f"with a random codebook  {error(Codebook(normal.astype(np.float32), ''), held_out):.1%}")
    print(f"codes used              {used} of {SIZE}")


if __name__ == "__main__":
    main()
