"""The GLM-4-Voice tokenizer's encoder: samples to codes, in plain torch, batched on any device.

Whisper's encoder with three changes (Zeng et al. 2024, "GLM-4-Voice", section 2.1): convolutions see the past only,
attention sees the past and the rest of its own block of four seconds, and behind the last layer four positions are
averaged and named by the nearest vector of the codebook.

Each segment's features are its own: it is padded with silence to whole units first, and within a batch nothing behind
that is heard. So neighbours change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from pipeline.units.encoder import Units
from pipeline.units.glm4voice_weights import Shape, Weights
from pipeline.units.whisper_mel import HOP, log_mel
from schemas.take import Waveform

if TYPE_CHECKING:
    import torch

_ROWS = 2048
"""Vectors compared with the codebook at once: their distances take 128 MB."""


@dataclass(frozen=True)
class VoiceEncoder:
    """Weights at work on the device where they are."""

    weights: Weights
    device: str

    @property
    def shape(self) -> Shape:
        """The encoder's sizes."""
        return self.weights.shape

    def codes(self, segments: Sequence[Waveform]) -> list[Units]:
        """The codes of each segment, int32 [⌈T / step⌉]; segments are float32 [T] at 16 kHz, T in 1..longest."""
        import torch

        counts = [ceil(len(segment) / self.shape.step) for segment in segments]
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            hidden = self.hidden(segments)
            spoken = torch.cat([rows[:count] for rows, count in zip(hidden, counts, strict=True)])
            nearest = torch.cat([self._nearest(part) for part in spoken.split(_ROWS)]).cpu().numpy()
        return np.split(nearest.astype(np.int32), np.cumsum(counts)[:-1])

    def _features(self, segments: Sequence[Waveform]) -> "torch.Tensor":
        """Log-mel [B, bands, frames], zeros behind each segment's own."""
        import torch

        step = self.shape.step
        longest = max(ceil(len(segment) / step) for segment in segments) * step // HOP
        batch = torch.zeros(len(segments), self.shape.num_mel_bins, longest, device=self.device)
        for row, segment in zip(batch, segments, strict=True):
            whole = np.pad(segment, (0, -len(segment) % step))
            mel = log_mel(torch.from_numpy(whole).to(self.device), self.shape.num_mel_bins)
            row[:, : mel.shape[1]] = mel
        return batch

    def hidden(self, segments: Sequence[Waveform]) -> "torch.Tensor":
        """What the codebook is asked about: float32 [B, N of the longest, channels]."""
        import torch

        shape = self.shape
        hidden = self._convolved(self._features(segments))
        hidden = hidden + self.weights.tensors["embed_positions.weight"][: hidden.shape[1]]
        heard = torch.tensor([ceil(len(segment) / (2 * HOP)) for segment in segments], device=self.device)
        block = shape.quantize_causal_block_size
        mask = _mask(hidden.shape[1], heard, block, causal=self._causal)
        for number in range(shape.quantize_position):
            hidden = self._layer(number, hidden, mask)
            if number + 1 == shape.pooling_position:
                hidden = _pooled(hidden, shape)
                heard = torch.ceil(heard / shape.pooling_kernel_size)
                block = block and block // shape.pooling_kernel_size
                mask = _mask(hidden.shape[1], heard, block, causal=self._causal)
        return hidden

    @property
    def _causal(self) -> bool:
        return self.shape.encoder_causal_attention or self.shape.quantize_causal_encoder

    def _convolved(self, features: "torch.Tensor") -> "torch.Tensor":
        """Two convolutions, the second halving the rate: [B, frames / 2, channels]."""
        from torch.nn.functional import conv1d, gelu, pad

        tensors, hidden = self.weights.tensors, features
        edges = (2, 0) if self.shape.encoder_causal_convolution else (1, 1)
        for name, stride in (("conv1", 1), ("conv2", 2)):
            hidden = conv1d(pad(hidden, edges), tensors[f"{name}.weight"], tensors[f"{name}.bias"], stride=stride)
            hidden = gelu(hidden)
        return hidden.transpose(1, 2)

    def _layer(self, number: int, hidden: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import gelu, layer_norm, linear

        tensors, name = self.weights.tensors, f"layers.{number}"

        def norm(which: str, rows: "torch.Tensor") -> "torch.Tensor":
            weight, bias = tensors[f"{name}.{which}.weight"], tensors[f"{name}.{which}.bias"]
            return layer_norm(rows, weight.shape, weight, bias)

        hidden = hidden + self._attention(f"{name}.self_attn", norm("self_attn_layer_norm", hidden), mask)
        normed = norm("final_layer_norm", hidden)
        wide = gelu(linear(normed, tensors[f"{name}.fc1.weight"], tensors[f"{name}.fc1.bias"]))
        return hidden + linear(wide, tensors[f"{name}.fc2.weight"], tensors[f"{name}.fc2.bias"])

    def _attention(self, name: str, hidden: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import linear, scaled_dot_product_attention

        tensors = self.weights.tensors

        def heads(which: str) -> "torch.Tensor":
            bias = None if which == "k_proj" else tensors[f"{name}.{which}.bias"]
            mixed = linear(hidden, tensors[f"{name}.{which}.weight"], bias)
            return mixed.unflatten(2, (self.shape.encoder_attention_heads, -1)).transpose(1, 2).contiguous()

        mixed = scaled_dot_product_attention(heads("q_proj"), heads("k_proj"), heads("v_proj"), attn_mask=mask)
        together = mixed.transpose(1, 2).flatten(2)
        return linear(together, tensors[f"{name}.out_proj.weight"], tensors[f"{name}.out_proj.bias"])

    def _nearest(self, rows: "torch.Tensor") -> "torch.Tensor":
        """The number of the nearest vector of the codebook to each of the rows."""
        import torch

        book = self.weights.tensors["codebook.weight"]
        squares = book.square().sum(dim=1) + rows.square().sum(dim=1, keepdim=True)
        return torch.addmm(squares, rows, book.T, alpha=-2.0).argmin(dim=1)


def _mask(length: int, heard: "torch.Tensor", block: int | None, *, causal: bool) -> "torch.Tensor":
    """Which position (second axis from the end) attends to which (last), bool [B, 1, length, length].

    Causal encoders look back only, whatever comes behind a segment; others see all that was `heard` in its blocks.
    """
    import torch

    place = torch.arange(length, device=heard.device)
    before = place[None, :] <= place[:, None]
    if causal:
        return before[None, None]
    if block is None:
        seen = torch.ones_like(before)
    else:
        number = torch.div(place, block, rounding_mode="floor")
        seen = before | (number[None, :] == number[:, None])
    return (seen[None] & (place[None, None, :] < heard[:, None, None]))[:, None]


def _pooled(hidden: "torch.Tensor", shape: Shape) -> "torch.Tensor":
    """[B, N / kernel, channels]."""
    from torch.nn.functional import avg_pool1d, max_pool1d

    pool = avg_pool1d if shape.pooling_type == "avg" else max_pool1d
    return pool(hidden.transpose(1, 2), shape.pooling_kernel_size).transpose(1, 2)
