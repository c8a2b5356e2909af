"""Finds, imports and loads upstream's code, and makes sure that what was loaded decodes as it should."""

import logging
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pydoc import ErrorDuringImport
from typing import cast

import numpy as np
import soundfile

from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.speak.cosyvoice_folder import MATCHA, check_checkout, check_model
from pipeline.speak.cosyvoice_settings import Settings
from pipeline.speak.cosyvoice_upstream import (
    CosyVoiceModel,
    CosyVoiceModule,
    FrontEndModule,
    Resampling,
    Tensor,
    Torch,
)

_PACKAGES = {
    "torch": "torch",
    "torchaudio": "torchaudio",
    "transformers": "transformers==4.51.3",
    "onnxruntime": "onnxruntime",
    "hyperpyyaml": "HyperPyYAML",
    "modelscope": "modelscope",
    "whisper": "openai-whisper",
    "conformer": "conformer==0.3.2",
    "diffusers": "diffusers==0.29.0",
    "einops": "einops",
    "omegaconf": "omegaconf",
    "librosa": "librosa",
    "inflect": "inflect",
    "x_transformers": "x-transformers==2.11.24",
    "pyworld": "pyworld",
    "lightning": "lightning",
    "hydra": "hydra-core",
    "matplotlib": "matplotlib",
    "gdown": "gdown",
    "wget": "wget",
    "rich": "rich",
    "wetext": "wetext",
    "pyarrow": "pyarrow",
    "regex": "regex",
    "tiktoken": "tiktoken",
}
"""What upstream imports to speak, and the packages that bring it."""

_STEPS, _SPREAD = 6, 0.02
"""Embeddings to try the decoding with: about as large as trained ones are."""
_TOLERANCE = 0.01
"""Of the largest hidden value: a sound decoding is within 1e-6 on a CPU, a garbled one off by more than half."""


@dataclass(frozen=True)
class Libraries:
    """Upstream's module, and torch as it was found."""

    cosyvoice: CosyVoiceModule
    torch: Torch

    def seed(self, seed: int) -> None:
        """Set every source of chance that upstream draws from."""
        random.seed(seed)
        np.random.seed(seed % 2**32)
        self.torch.manual_seed(seed)


def import_upstream(checkout: Path) -> Libraries:
    """Upstream's code from the checkout. Raises UsageError that says what is missing and what installs it."""
    check_checkout(checkout)
    for folder in (checkout, checkout / MATCHA):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    with _missing_imports_told(), _root_logger_kept():
        module = cast("CosyVoiceModule", import_module("cosyvoice.cli.cosyvoice"))
        frontend = cast("FrontEndModule", import_module("cosyvoice.cli.frontend"))
        torch = cast("Torch", import_module("torch"))
        resampling = cast("Resampling", import_module("torchaudio.functional"))
    if not Path(module.__file__).resolve().is_relative_to(checkout.resolve()):
        raise UsageError(
            f"another package named cosyvoice hides the checkout: {module.__file__}: pip uninstall cosyvoice"
        )
    module.tqdm = lambda segments: segments  # no bars among the run's own
    frontend.load_wav = _reader(torch, resampling)
    return Libraries(module, torch)


def load(libraries: Libraries, settings: Settings) -> CosyVoiceModel:
    """The folder's model. Raises UsageError or WarmlineError for what the user must mend."""
    check_model(settings)
    if (settings.fp16 or settings.tensorrt) and not libraries.torch.cuda.is_available():
        raise UsageError("speak.settings: fp16 and tensorrt need a GPU, and torch sees none here")
    libraries.seed(0)
    with _missing_imports_told():
        model = libraries.cosyvoice.AutoModel(model_dir=settings.model, fp16=settings.fp16, load_trt=settings.tensorrt)
    if not model.frontend.text_frontend:
        raise UsageError("CosyVoice found nothing to read numbers and dates with: pip install wetext")
    check_decoding(model, libraries.torch)
    return model


def check_decoding(model: CosyVoiceModel, torch: Torch) -> None:
    """Raises WarmlineError if token-by-token decoding with a cache is not the decoding of the whole.

    From transformers 4.53 on upstream's mask of length 1 hides the cache, and every take comes out garbled.
    """
    language_model = model.model.llm
    draws = np.random.default_rng(0).normal(0.0, _SPREAD, (1, _STEPS, language_model.llm_input_size))
    embeddings = torch.from_numpy(draws.astype(np.float32)).to(model.model.device)

    def mask(size: int) -> Tensor:
        return torch.from_numpy(np.tril(np.ones((1, size, size), dtype=bool))).to(model.model.device)

    step, last = language_model.llm.forward_one_step, slice(_STEPS - 1, _STEPS)
    whole, _ = step(embeddings, mask(_STEPS))
    _, cache = step(embeddings[:, : _STEPS - 1], mask(_STEPS - 1))
    one, _ = step(embeddings[:, last], mask(1), cache)
    expected, got = (tensor.detach().float().cpu().numpy() for tensor in (whole[:, last], one))
    if not np.abs(expected - got).max() <= _TOLERANCE * np.abs(expected).max():
        version = import_module("transformers").__version__
        raise WarmlineError(
            f"transformers {version} garbles CosyVoice's speech (it forgets the cache at every step): "
            "pip install 'transformers==4.51.3' in the environment of the speak workers"
        )


def _reader(torch: Torch, resampling: Resampling) -> Callable[[str, int], Tensor]:
    """In place of upstream's own, which needs torchcodec with torchaudio 2.9 and newer."""

    def load_wav(wav: str, target_sr: int, min_sr: int = 16000) -> Tensor:  # noqa: ARG001 -- clips are checked before
        audio, rate = soundfile.read(wav, dtype="float32", always_2d=True)
        speech = torch.from_numpy(np.ascontiguousarray(audio.mean(axis=1, keepdims=True).T))
        return speech if rate == target_sr else resampling.resample(speech, rate, target_sr)

    return load_wav


@contextmanager
def _root_logger_kept() -> Iterator[None]:
    """Upstream turns on DEBUG for the whole process as it is imported, unless the root logger has a handler."""
    guard = logging.NullHandler()
    logging.getLogger().addHandler(guard)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(guard)


@contextmanager
def _missing_imports_told() -> Iterator[None]:
    try:
        yield
    except (ImportError, ErrorDuringImport) as error:
        missing = sorted(package for name, package in _PACKAGES.items() if find_spec(name) is None)
        if not missing:
            raise UsageError(f"CosyVoice cannot be imported: {' '.join(str(error).split())[:300]}") from error
        packages = " ".join(f"'{package}'" for package in missing)
        raise UsageError(f"CosyVoice needs more than is installed here: pip install {packages}") from error
