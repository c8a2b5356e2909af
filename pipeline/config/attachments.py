"""Files that a pack names and does not include: templates, whose text is put in, and clips, which get their digest."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import soundfile

from pipeline.config.source import Document, Fault, Node, Path_

TEMPLATE = ".jinja"
_SHORTEST, _LONGEST = 1.0, 30.0


@dataclass
class Attachments:
    """Puts the named files into the pack's data; `files` are those that were read, by name."""

    document: Document
    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)

    def put_in(self, data: dict[str, Node]) -> None:
        """Read what is named. What is not there or cannot be read is a fault of the document."""
        writing = data.get("writing")
        if isinstance(writing, dict):
            for number, step in _mappings(writing.get("steps")):
                for key in ("system", "prompt"):
                    self._template(("writing", "steps", number, key), step)
        for number, voice in _mappings(data.get("voices")):
            clips = voice.get("clips")
            for name, clip in clips.items() if isinstance(clips, dict) else ():
                if isinstance(clip, dict):
                    self._clip(("voices", number, "clips", name), clip)

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
        clip["digest"] = blake2b(content, digest_size=16).hexdigest()
        for fault in _unfit(content):
            self._fault((*path, "audio"), f"{name} {fault}")

    def _read(self, path: Path_, name: str) -> bytes | None:
        place = (self.folder / name).resolve()
        if not place.is_relative_to(self.folder.resolve()):
            self._fault(path, f"{name} is not inside the pack's folder")
        elif not place.is_file():
            self._fault(path, f"{name} is not in {self.folder}")
        else:
            self.files[name] = place.read_bytes()
            return self.files[name]
        return None

    def _fault(self, path: Path_, message: str) -> None:
        self.document.faults.append(Fault(self.document.mark(path), message))


def _mappings(node: Node) -> Iterator[tuple[int, dict[str, Node]]]:
    for number, child in enumerate(node if isinstance(node, list) else []):
        if isinstance(child, dict):
            yield number, child


def _unfit(content: bytes) -> Iterator[str]:
    """Why a recording cannot be cloned from."""
    try:
        info = soundfile.info(io.BytesIO(content))
    except soundfile.LibsndfileError:
        yield "is no audio file that can be read (WAV, FLAC, OGG, MP3)"
        return
    if info.channels != 1:
        yield f"has {info.channels} channels: a clip is mono"
    if not _SHORTEST <= info.duration <= _LONGEST:
        yield f"is {info.duration:.1f} s long: a clip has {_SHORTEST:g} to {_LONGEST:g} s"
    if info.samplerate < 16000:
        yield f"has {info.samplerate} samples a second: a clip needs 16000 or more"
