"""One part of an export, made, checked and noted: what a worker process does."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.corpus.reading import Shard
from pipeline.engine.errors import StorageError, WarmlineError
from pipeline.export.format import Format, LeftOut, Made, Part
from pipeline.export.formats import FORMATS

_SHOWN = 3
ROOM = "make room or give rights, then run the same command again: finished parts are kept"


@dataclass(frozen=True)
class PartJob:
    """A shard and where it goes. A part that is noted as done is not made again."""

    to: str
    shard: Shard
    part: Part

    def run(self) -> Made:
        """Make the part, or read what became of it. Raises WarmlineError if it breaks the format's rules."""
        done = _done(self.part)
        if done.is_file():
            return _read(done)
        made = self._made(FORMATS.load(self.to).build(self.part.settings))
        draft = done.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(made)), encoding="utf-8")
        draft.replace(done)
        return made

    def _made(self, form: Format) -> Made:
        try:
            made = self._written(form)
        except OSError as error:
            raise StorageError(f"{self.part.out} cannot be written: {error.strerror or error}; {ROOM}") from error
        except ValueError as error:
            mend = "run `warmline generate` again, or fetch it again"
            raise StorageError(f"{self.shard.name} holds what cannot be exported, {error}: {mend}") from error
        if faults := [fault for fault, _ in zip(form.faults(self.part), range(_SHOWN), strict=False)]:
            raise WarmlineError(
                f"the export of {self.shard.name} breaks the rules of {self.to}: {'; '.join(faults)}. Please report it"
            )
        return made

    def _written(self, form: Format) -> Made:
        dialogues, seconds, left = 0, [], []
        with form.writer(self.part) as writer:
            for dialogue in self.shard.dialogues():
                dialogues += 1
                for outcome in writer.take(dialogue):
                    if isinstance(outcome, LeftOut):
                        left.append(outcome)
                    else:
                        seconds.append(outcome)
        return Made(dialogues, len(seconds), sum(seconds), tuple(left))


def run_part(job: PartJob) -> Made:
    """For a pool of processes."""
    return job.run()


def left_out_lines(made: Made) -> Iterator[str]:
    """What was left out, as lines of JSON."""
    return (json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in made.left_out)


def _done(part: Part) -> Path:
    return part.notes.with_suffix(".json")


def _read(path: Path) -> Made:
    kept = json.loads(path.read_text(encoding="utf-8"))
    left = tuple(LeftOut(**one) for one in kept["left_out"])
    return Made(kept["dialogues"], kept["records"], kept["seconds"], left)
