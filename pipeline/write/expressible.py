"""Whether a pack's writing can be asked for in what a server knows of JSON schemas."""

from collections.abc import Iterator

from pipeline.engine.schema_dialect import Dialect, nobody_tells, untold_keys
from pipeline.write.composing import Composer
from pipeline.write.prompting import Complaint
from schemas.pack import Pack


def beyond(pack: Pack, dialect: Dialect) -> Iterator[Complaint]:
    """What of the pack's writing a server of this dialect of JSON schemas cannot be asked for."""
    if pack.writing is None:
        return
    composer = Composer.of(pack, tries=1)
    for number, step in enumerate(pack.writing.steps):
        path = ("writing", "steps", number)
        asked = {felt: composer.shape(number, 1, felt) for felt in composer.named or [""]}
        found = (fault for shape in asked.values() for fault in dialect.too_much(shape.schema))
        for fault in dict.fromkeys(found):
            yield (*path, "gives"), f"its schema has {fault} for servers with schema_dialect: {dialect}: ask for less"
        missing = untold_keys(next(iter(asked.values())).schema, composer.prompts[number].system + step.prompt)
        if missing and not dialect.tells_the_shape:
            yield (*path, "system"), nobody_tells(missing, dialect)
