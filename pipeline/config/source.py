"""YAML files with the place of everything in them, so that a fault can name its file and line.

Safe: PyYAML's safe schema only. Duplicate keys, of which YAML parsers let the last win, are faults; so are aliases of
lists and mappings, by which a small file can grow without bound.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from pipeline.engine.errors import UsageError

Node = None | bool | int | float | str | list["Node"] | dict[str, "Node"]
Path_ = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Mark:
    """A place in a file; line 0 stands for the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong, and where."""

    mark: Mark
    message: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.message}"


class FaultsError(UsageError):
    """All that is wrong with a file, in order of place."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass
class Document:
    """What a file says, and where it says it: `marks` has a mark for every path into `data`."""

    data: Node
    marks: dict[Path_, Mark]
    faults: list[Fault] = field(default_factory=list)

    def mark(self, path: Path_) -> Mark:
        """The place of `path`, or of the nearest thing around it that is there."""
        while path not in self.marks and path:
            path = path[:-1]
        return self.marks[path]


def read_document(path: Path, shown: str) -> Document:
    """Read one YAML file; in messages it is called `shown`. What cannot be read is a fault, not an exception."""
    document = Document({}, {(): Mark(shown)})
    try:
        root = yaml.compose(path.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as error:
        document.faults.append(Fault(Mark(shown), f"cannot be read: {error.strerror}"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        document.faults.append(Fault(Mark(shown, line), f"broken YAML: {error.problem}"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        document.faults.append(Fault(Mark(shown), f"broken YAML: {' '.join(str(error).split())[:160]}"))
    else:
        if root is None:
            document.faults.append(Fault(Mark(shown), "is empty"))
        else:
            document.data = _Reader(document, shown).value(root, ())
    return document


class _Reader:
    def __init__(self, document: Document, shown: str) -> None:
        self._document, self._shown = document, shown
        self._seen: set[int] = set()
        self._scalars = yaml.CSafeLoader("")

    def value(self, node: yaml.Node, path: Path_) -> Node:
        mark = Mark(self._shown, node.start_mark.line + 1)
        self._document.marks.setdefault(path, mark)
        if isinstance(node, yaml.CollectionNode):
            if id(node) in self._seen:
                self._fault(mark, "an alias (*name) may stand for a single value only: write it out")
                return None
            self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, number)) for number, child in enumerate(node.value)]
        return self._scalar(node, mark)

    def _scalar(self, node: yaml.Node, mark: Mark) -> Node:
        try:
            value = self._scalars.construct_object(node)
        except yaml.MarkedYAMLError as error:
            self._fault(mark, f"broken YAML: {error.problem}")
            return None
        if value is None or isinstance(value, bool | int | float | str):
            return value
        return str(node.value)

    def _items(self, node: yaml.MappingNode, path: Path_) -> Iterator[tuple[str, Node]]:
        lines: dict[str, int] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(Mark(self._shown, line), "a key must be plain text")
                continue
            key = str(key_node.value)
            if key in lines:
                self._fault(Mark(self._shown, line), f"{key!r} stands a second time (first in line {lines[key]})")
            lines[key] = line
            self._document.marks[(*path, key)] = Mark(self._shown, line)
            yield key, self.value(child, (*path, key))

    def _fault(self, mark: Mark, message: str) -> None:
        self._document.faults.append(Fault(mark, message))


def as_mapping(document: Document) -> Mapping[str, Node]:
    """The document's top level; a fault if it is anything but keys and values."""
    if isinstance(document.data, dict):
        return document.data
    document.faults.append(Fault(document.mark(()), "must be keys and values (key: value)"))
    return {}
