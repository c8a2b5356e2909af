"""numpy arrays that answer to the few calls of torch that are made of them."""

import numpy as np
from numpy.typing import NDArray


class Tensor:
    """An array in torch's clothes."""

    def __init__(self, array: NDArray[np.generic]) -> None:
        self.array = array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def __getitem__(self, place: tuple[slice, slice]) -> "Tensor":
        return Tensor(self.array[place])

    def detach(self) -> "Tensor":
        return self

    def float(self) -> "Tensor":
        return Tensor(self.array.astype(np.float32))

    def cpu(self) -> "Tensor":
        return self

    def to(self, device: object) -> "Tensor":  # noqa: ARG002 -- there is one
        return self

    def numpy(self) -> NDArray[np.float32]:
        return self.array.astype(np.float32, copy=False)

    def flatten(self) -> "Tensor":
        return Tensor(self.array.reshape(-1))

    def tolist(self) -> list[int]:
        return [int(value) for value in self.array.reshape(-1)]


class _Chance:
    """The one source of draws."""

    draws = np.random.default_rng()


def manual_seed(seed: int) -> None:
    _Chance.draws = np.random.default_rng(seed)


def drawn() -> int:
    return int(_Chance.draws.integers(2**32))


class cuda:  # noqa: N801 -- stands for a module
    """torch.cuda of a machine without a GPU."""

    emptied = 0

    @staticmethod
    def is_available() -> bool:
        return False

    @classmethod
    def empty_cache(cls) -> None:
        cls.emptied += 1
