"""Upstream's real code on tiny random weights: the contract that the stand-in is held to, and the backend on it."""

from pathlib import Path

import pytest

from pipeline.speak.cosyvoice_loading import import_upstream
from tests.speak.cosyvoice_contract import (
    CosyVoiceBackend,
    CosyVoiceContract,
    Opened,
    Place,
    open_model,
    write_clips,
)

pytestmark = pytest.mark.cosyvoice


@pytest.fixture(scope="module", params=[2, 3])
def place(request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    import_upstream(checkout)  # the folder is made by upstream's own classes
    from tests.cosyvoice.random_folder import write_random_folder

    return Place(checkout, write_random_folder(tmp_path_factory.mktemp("model"), request.param), request.param)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def opened(place: Place, clips: Path) -> Opened:
    return open_model(place, clips)


class TestTheContract(CosyVoiceContract):
    pass


class TestTheBackend(CosyVoiceBackend):
    pass
