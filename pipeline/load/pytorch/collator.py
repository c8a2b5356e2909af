"""Examples as a batch of tensors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import torch

from pipeline.load.encoder import Example

NO_LOSS = -100
"""The label that PyTorch's cross entropy leaves out."""


class Batch(TypedDict):
    """B examples padded on the right to N ids, and their K sounds padded to T samples.

    `input_ids`, `attention_mask` and `labels` are int64 [B, N]; labels are the ids themselves, not shifted, −100 where
    there is no loss. `audio` is float32 [K, T], `audio_lengths` int64 [K] in samples, `audio_places` int64 [K, 2]: the
    row of the batch and the place in it where that sound is heard.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    labels: torch.Tensor
    audio: torch.Tensor
    audio_lengths: torch.Tensor
    audio_places: torch.Tensor


@dataclass(frozen=True)
class Collator:
    """Pads with the id `pad`."""

    pad: int

    def __call__(self, examples: Sequence[Example]) -> Batch:
        """The batch. An example without sound has no row in `audio`."""
        ids = [torch.from_numpy(example.ids) for example in examples]
        labels = [torch.from_numpy(example.ids).where(torch.from_numpy(example.loss), NO_LOSS) for example in examples]
        sounds = [torch.from_numpy(sound) for example in examples for sound in example.audio]
        places = [(row, int(place)) for row, example in enumerate(examples) for place in example.places]
        return Batch(
            input_ids=_padded(ids, self.pad),
            attention_mask=_padded([torch.ones_like(one) for one in ids], 0),
            labels=_padded(labels, NO_LOSS),
            audio=_padded(sounds, 0.0) if sounds else torch.zeros(0, 0),
            audio_lengths=torch.tensor([len(sound) for sound in sounds], dtype=torch.int64),
            audio_places=torch.tensor(places, dtype=torch.int64).reshape(-1, 2),
        )


def _padded(rows: Sequence[torch.Tensor], value: float) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value)
