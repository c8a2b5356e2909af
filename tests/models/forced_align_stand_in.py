"""Stands in for `torchaudio.functional.forced_align`, whose wheels need CUDA's libraries to be imported.

It is held to what torchaudio documents: the path through `log_probs` [1, T, C] that spells `targets` [1, L] with the
highest likelihood, where the blank may stand between letters and must stand between equal ones; and RuntimeError where
T is less than L plus the number of letters equal to the one before.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def forced_align(
    log_probs: "torch.Tensor", targets: "torch.Tensor", *, blank: int
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Viterbi over the letters with blanks around and between them."""
    import torch

    emission, letters = log_probs[0].numpy(), targets[0].tolist()
    if blank in letters:
        raise ValueError("targets Tensor shouldn't contain blank index")
    if len(emission) < len(letters) + sum(one == two for one, two in pairwise(letters)):
        raise RuntimeError("targets length is too long for CTC")
    states = np.array([blank, *(sign for letter in letters for sign in (letter, blank))])
    back = np.zeros((len(emission), len(states)), int)
    score = np.full(len(states), -np.inf)
    score[:2] = emission[0, states[:2]]
    for frame in range(1, len(emission)):
        before = np.stack([score, _moved(score, 1), np.where(_may_skip(states, blank), _moved(score, 2), -np.inf)])
        back[frame] = before.argmax(axis=0)
        score = before.max(axis=0) + emission[frame, states]
    state = len(states) - 1 if score[-1] > score[-2] else len(states) - 2
    path = np.zeros(len(emission), int)
    for frame in range(len(emission) - 1, -1, -1):
        path[frame] = states[state]
        state -= back[frame, state]
    return torch.tensor(path[None]), torch.tensor(emission[np.arange(len(path)), path][None])


def _moved(score: np.ndarray, by: int) -> np.ndarray:
    return np.concatenate([np.full(by, -np.inf), score[:-by]])


def _may_skip(states: np.ndarray, blank: int) -> np.ndarray:
    """Whether the blank before a state can be left out: not before a blank, nor between equal letters."""
    two_before = np.concatenate([[blank, blank], states[:-2]])
    skips: np.ndarray = (states != blank) & (states != two_before)
    return skips
