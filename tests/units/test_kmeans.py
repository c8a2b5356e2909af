import numpy as np
import pytest

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.units.kmeans import build, codebook, features
from schemas.run import UnitsBackend
from tests.units.takes import noise


def units(recording: Recording) -> np.ndarray:
    answer = next(build(UnitsBackend(backend="kmeans")).encode([recording]))
    assert not isinstance(answer, Failure)
    return answer


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.99, 7.31])
def test_there_are_25_units_a_second_rounded_to_the_nearest(seconds: float) -> None:
    answer = units(noise(seconds))
    assert len(answer) == round(seconds * 25)
    assert answer.dtype == np.int32
    assert 0 <= answer.min() <= answer.max() < 1024


def test_a_frame_that_is_a_centroid_gets_its_number() -> None:
    book = codebook()
    assert (book.nearest(book.centroids) == np.arange(1024)).mean() > 0.999


def test_nearest_is_the_least_distance() -> None:
    book, frames = codebook(), features(noise(1.0))
    distances = np.square(frames[:, None, :] - book.centroids[None]).sum(axis=2)
    chosen = distances[np.arange(len(frames)), book.nearest(frames)]
    assert np.allclose(chosen, distances.min(axis=1), rtol=1e-3)


def test_how_loud_it_is_changes_little() -> None:
    assert (units(noise(4.0, level=0.2)) == units(noise(4.0, level=0.05))).mean() > 0.95


def test_the_same_sound_gives_the_same_units_alone_or_in_a_batch() -> None:
    encoder = build(UnitsBackend(backend="kmeans"))
    batch = list(encoder.encode([noise(1.0), noise(2.0), noise(1.0)]))
    assert all(isinstance(one, np.ndarray) for one in batch)
    assert np.array_equal(np.asarray(batch[0]), np.asarray(batch[2]))
    assert np.array_equal(np.asarray(batch[0]), units(noise(1.0)))


def test_another_codebook_is_refused_with_the_one_there_is() -> None:
    with pytest.raises(ValueError, match="kmeans has 25 units a second out of 1024, not 50 out of 512"):
        build(UnitsBackend(backend="kmeans", rate=50, size=512))


def test_settings_that_nobody_reads_are_refused() -> None:
    with pytest.raises(ValueError, match=r"kmeans: settings.model: Extra inputs are not permitted"):
        build(UnitsBackend(backend="kmeans", settings={"model": "x"}))


def test_no_audio_is_a_failure() -> None:
    empty = Recording(np.zeros(0, dtype=np.float32), 16000)
    assert next(build(UnitsBackend(backend="kmeans")).encode([empty])) == Failure("there is no audio to encode")
