"""Tiny models, each made once. Copy a folder before you change it."""

from pathlib import Path

import pytest

from tests.models.tiny_encoders import make_encoder, make_speller
from tests.models.tiny_funasr import make_emotion2vec, make_sensevoice
from tests.models.tiny_whisper import make_whisper


@pytest.fixture(scope="session")
def whisper_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="session")
def classifier_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="session")
def xvector_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("xvector"), "WavLM", "XVector")


@pytest.fixture(scope="session")
def speller_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_speller(tmp_path_factory.mktemp("speller"))


@pytest.fixture(scope="session")
def emotion2vec_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_emotion2vec(tmp_path_factory.mktemp("emotion2vec"))


@pytest.fixture(scope="session")
def sensevoice_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sensevoice(tmp_path_factory.mktemp("sensevoice"))
