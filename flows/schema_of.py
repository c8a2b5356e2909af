"""The files that there is a JSON Schema of."""

from enum import StrEnum


class SchemaOf(StrEnum):
    """The value is what the command line and the schema's file call it."""

    PACK = "pack"
    RUN = "run"

    @property
    def file_name(self) -> str:
        """What the schema's file is called."""
        return f"{self}.schema.json"
