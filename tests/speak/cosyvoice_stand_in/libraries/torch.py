"""torch, as far as it is called."""

from tests.speak.cosyvoice_stand_in.tensors import Tensor, cuda, manual_seed

from_numpy = Tensor

__all__ = ["cuda", "from_numpy", "manual_seed"]
