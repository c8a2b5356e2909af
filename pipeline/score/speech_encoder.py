"""Speech models of `transformers` with a head on top: loaded from a folder, and run without neighbours mattering.

Code that comes with a model is never run (`trust_remote_code` stays off), and weights that the folder lacks are an
error: transformers would start them at random and only warn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.engine.model_folder import Needed, model_folder
from pipeline.engine.model_library import needed_by, torch_device
from pipeline.engine.model_settings import ModelSettings
from schemas.frozen import Hertz
from schemas.take import Waveform

if TYPE_CHECKING:
    import torch
    from transformers import FeatureExtractionMixin, PreTrainedModel

NEEDED: Needed = (
    ("config.json",),
    ("preprocessor_config.json", "processor_config.json"),
    ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"),
)
PADDED = frozenset({"hubert", "unispeech", "unispeech-sat", "wav2vec2", "wavlm"})
"""Model types whose classifier answers the same in a padded batch, if every layer of their feature encoder is
normalised by itself. The first layer of the others, and of the older "group" models of these, averages over the
padding too; data2vec-audio, SEW and the conformers let it in by their convolutions.
"""

_HARMLESS = ("masked_spec_embed", "objective.weight")


@dataclass(frozen=True)
class SpeechEncoder:
    """A model at its device. `rate` is what its feature extractor takes in."""

    model: "PreTrainedModel"
    extractor: "FeatureExtractionMixin"
    device: str

    @property
    def rate(self) -> Hertz:
        """Samples per second."""
        rate: Hertz = self.extractor.sampling_rate
        return rate

    @property
    def padded(self) -> bool:
        """Whether padding in a batch leaves the answers as they are."""
        config = self.model.config
        return config.model_type in PADDED and config.feat_extract_norm == "layer"

    def features(self, audio: Waveform) -> Mapping[str, "torch.Tensor"]:
        """What the model is given for one take: each tensor [1, …]."""
        features: Mapping[str, torch.Tensor] = self.extractor(audio, sampling_rate=self.rate, return_tensors="pt")
        return features

    def logits(self, audios: Sequence[Waveform]) -> "list[torch.Tensor]":
        """The classifier's answer for each take, float32 [labels] on the CPU.

        Takes are stacked where that changes nothing: with padding if the model is proof against it, otherwise where
        their features have one shape (equally long takes; every take for models that hear a fixed window).
        """
        import torch

        features = [self.features(audio) for audio in audios]
        answers: dict[int, torch.Tensor] = {}
        for numbers in self._alike(features):
            batch = _stacked([features[number] for number in numbers])
            with torch.inference_mode():
                logits = self.model(**self._there(batch)).logits
            answers.update(zip(numbers, logits.float().cpu(), strict=True))
        return [answers[number] for number in range(len(audios))]

    def embedding(self, audio: Waveform) -> "torch.Tensor":
        """The x-vector of one take, float32 [D] on the CPU."""
        import torch

        with torch.inference_mode():
            embeddings = self.model(**self._there(self.features(audio))).embeddings
        return embeddings[0].float().cpu()

    def letters(self, audio: Waveform) -> "torch.Tensor":
        """A CTC model's log-probabilities for one take, float32 [1, frames, letters], left where the model is."""
        import torch

        with torch.inference_mode():
            logits = self.model(**self._there(self.features(audio))).logits
        return torch.log_softmax(logits.float(), dim=-1)

    def _alike(self, features: Sequence[Mapping[str, "torch.Tensor"]]) -> list[list[int]]:
        if self.padded:
            return [list(range(len(features)))] if features else []
        groups: dict[tuple[tuple[int, ...], ...], list[int]] = {}
        for number, one in enumerate(features):
            groups.setdefault(tuple(tuple(tensor.shape) for tensor in one.values()), []).append(number)
        return list(groups.values())

    def _there(self, batch: Mapping[str, "torch.Tensor"]) -> Mapping[str, "torch.Tensor"]:
        kind = self.model.dtype
        return {
            name: tensor.to(self.device, kind) if tensor.is_floating_point() else tensor.to(self.device)
            for name, tensor in batch.items()
        }


def _stacked(features: Sequence[Mapping[str, "torch.Tensor"]]) -> Mapping[str, "torch.Tensor"]:
    """One batch. Takes of several lengths (`input_values` [1, T]) are padded with zeros, and a mask says so."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    if len({tuple(one[name].shape) for one in features for name in one if name != "attention_mask"}) == 1:
        return {name: torch.cat([one[name] for one in features]) for name in features[0]}
    values = [one["input_values"][0] for one in features]
    mask = [torch.ones(len(value), dtype=torch.long) for value in values]
    return {
        "input_values": pad_sequence(values, batch_first=True),
        "attention_mask": pad_sequence(mask, batch_first=True),
    }


def load(settings: ModelSettings, backend: str, head: str) -> SpeechEncoder:
    """Load the model with `transformers.AutoModelFor<head>`.

    Raises UsageError or WarmlineError for a folder that lacks files or weights, or that holds another kind of model.
    """
    folder = model_folder(settings.model, NEEDED)
    with needed_by(backend):
        import torch
        import transformers
        from safetensors import SafetensorError
    device = torch_device(settings.device, settings.threads)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    ours = {"local_files_only": True, "trust_remote_code": False}
    kind = getattr(torch, settings.precision)
    try:
        extractor = transformers.AutoFeatureExtractor.from_pretrained(folder, **ours)
        model, report = getattr(transformers, f"AutoModelFor{head}").from_pretrained(
            folder, dtype=kind, output_loading_info=True, ignore_mismatched_sizes=True, **ours
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        said = "it needs code of its own" if "trust_remote_code" in str(error) else " ".join(str(error).split())[:300]
        raise WarmlineError(f"transformers cannot load {settings.model} for {backend}: {said}") from error
    unfit = {*report["missing_keys"], *(mismatch[0] for mismatch in report["mismatched_keys"])}
    if unfit := {name for name in unfit if not name.endswith(_HARMLESS)}:
        shown = ", ".join(sorted(unfit)[:4])
        raise UsageError(f"{settings.model} was not trained for {backend}: it has no weights that fit {shown}")
    return SpeechEncoder(model.eval().to(device), extractor, device)


def finite(numbers: Sequence[float]) -> bool:
    """Whether all are numbers: half precision can overflow."""
    return bool(np.isfinite(numbers).all())
