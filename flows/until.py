"""How far `generate` goes. A file of its own, so that the command line starts without the rest."""

from enum import StrEnum


class Until(StrEnum):
    """The last stage to be done. `units` is all that can be done without the other slices: only the whole is packed.

    `voices` is what all slices have in common: each voice's plain manner, which takes are compared with.
    """

    VOICES = "voices"
    WRITE = "write"
    UNITS = "units"
    SHARD = "shard"
