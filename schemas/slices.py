"""One of several drivers' part of a plan."""

from pydantic import Field, model_validator

from schemas.frozen import Frozen


class Slice(Frozen):
    """Slice number `number` of `count`, from 1: every count-th brief, so that all slices go along the plan together.

    >>> [number for number in range(10) if Slice.parse("2/3").has(number)]
    [1, 4, 7]
    """

    number: int = Field(default=1, ge=1)
    count: int = Field(default=1, ge=1, le=100_000)

    @model_validator(mode="after")
    def _inside(self) -> "Slice":
        if self.number > self.count:
            raise ValueError(f"slice {self.number} of {self.count}: the first number is at most the second")
        return self

    @classmethod
    def parse(cls, text: str) -> "Slice":
        """Read `3/16`. Raises ValueError that says what is wrong."""
        number, slash, count = text.partition("/")
        if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= 100_000):
            raise ValueError(f"{text!r} is no slice: write i/n with i from 1 to n, such as 3/16")
        return cls(number=int(number), count=int(count))

    def has(self, number: int) -> bool:
        """Whether a brief, or a contrast set, of this number (from 0) is in the slice."""
        return number % self.count == self.number - 1

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the plan."""
        return self.count == 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"
