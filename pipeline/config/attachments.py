"""Files that a pack names and does not include: templates, clips, lists of texts.

A template's text is put in its place; a clip is listened to and gets its digest; a list is kept with the pack.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from pipeline.config import clip_checks
from pipeline.config.source import Document, Fault, Node, Path_

TEMPLATE = ".jinja"


@dataclass
class Attachments:
    """Puts the named files into the pack's data; `files` are those that were read, by name.

    `faults` are kept apart from the document's: with a clip missing, everything else can still be checked.
    """

    document: Document
    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def put_in(self, data: dict[str, Node]) -> None:
        """Read what is named. What is not there or does not do is a fault."""
        writing = data.get("writing")
        if isinstance(writing, dict):
            for number, step in _mappings(writing.get("steps")):
                for key in ("system", "prompt"):
                    self._template(("writing", "steps", number, key), step)
        rubric = data.get("rubric")
        if isinstance(rubric, dict):
            for key in ("system", "prompt"):
                self._template(("rubric", key), rubric)
        for path, clip in _clips(data):
            self._clip(path, clip)
        for path, listed in _lists(data):
            if isinstance(name := listed.get("file"), str):
                self._read((*path, "file"), name)

    def _template(self, path: Path_, step: dict[str, Node]) -> None:
        name = step.get(str(path[-1]))
        if isinstance(name, str) and name.endswith(TEMPLATE) and "\n" not in name:
            content = self._read(path, name)
            if content is not None:
                step[str(path[-1])] = content.decode(errors="replace")

    def _clip(self, path: Path_, clip: dict[str, Node]) -> None:
        name = clip.get("audio")
        content = self._read((*path, "audio"), name) if isinstance(name, str) else None
        if content is None:
            return
        if "digest" in clip:
            self._fault((*path, "digest"), "digest is filled in on reading: take it away")
        clip["digest"] = blake2b(content, digest_size=16).hexdigest()
        transcript = clip.get("transcript")
        said = transcript if isinstance(transcript, str) else None
        for key, message in clip_checks.complaints(str(name), content, said):
            self._fault((*path, key), message)

    def _read(self, path: Path_, name: str) -> bytes | None:
        place = (self.folder / name).resolve()
        if not place.is_relative_to(self.folder.resolve()):
            self._fault(path, f"{name} is not inside the pack's folder")
        elif not place.is_file():
            self._fault(path, f"{name} is not in {self.folder}")
        else:
            try:
                self.files[name] = place.read_bytes()
            except OSError as error:
                self._fault(path, f"{name} cannot be read: {error.strerror}")
            else:
                return self.files[name]
        return None

    def _fault(self, path: Path_, message: str) -> None:
        self.faults.append(Fault(self.document.mark(path), message))


def move_names(data: dict[str, Node], folder: str) -> None:
    """Call the files that stay files as they are called one folder further up."""
    for key, named in (("audio", _clips(data)), ("file", _lists(data))):
        for _, holder in named:
            if isinstance(name := holder.get(key), str):
                holder[key] = f"{folder}/{name}"


def _clips(data: dict[str, Node]) -> Iterator[tuple[Path_, dict[str, Node]]]:
    for number, voice in _mappings(data.get("voices")):
        clips = voice.get("clips")
        for name, clip in clips.items() if isinstance(clips, dict) else ():
            if isinstance(clip, dict):
                yield ("voices", number, "clips", name), clip


def _lists(data: dict[str, Node]) -> Iterator[tuple[Path_, dict[str, Node]]]:
    """The texts that a corpus is kept clean of."""
    here: Node = data
    for key in ("texts", "keep_clean", "files"):
        here = here.get(key) if isinstance(here, dict) else None
    for number, listed in _mappings(here):
        yield ("texts", "keep_clean", "files", number), listed


def _mappings(node: Node) -> Iterator[tuple[int, dict[str, Node]]]:
    for number, child in enumerate(node if isinstance(node, list) else []):
        if isinstance(child, dict):
            yield number, child
