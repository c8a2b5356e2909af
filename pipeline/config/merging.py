"""A pack's document put over that of the pack it extends. See docs/packs.md for the rules and why they are so.

Mappings are merged key by key; null takes a key out, unless null is what it may be. Lists whose items have an id are
merged by id; other lists are replaced. A table of weights can be meant as a whole or as a change of some, and reads
alike: where it leaves options out it must say which, by `rest`. Whatever could not have been meant is a fault.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.config.shapes import Shape, below, has_ids, is_table, may_be_null
from pipeline.config.source import Document, Fault, Mark, Node, Path_
from pipeline.engine.backends import nearest

REST = "rest"
KEEP = "parent"
REMOVE = "remove"


@dataclass(frozen=True)
class _Part:
    """A node of one of the two documents, and where it stands in it."""

    document: Document
    path: Path_
    node: Node

    def child(self, key: str | int, node: Node) -> "_Part":
        return _Part(self.document, (*self.path, key), node)

    @property
    def mark(self) -> Mark:
        return self.document.mark(self.path)


def merged(under: Document, over: Document, shape: Shape) -> Document:
    """`over` put over `under`, both of this shape. Each line keeps its own place; faults of all three are there."""
    merger = _Merger(Document({}, {}, [*under.faults, *over.faults]))
    result = merger.result
    result.data = merger.both(_Part(under, (), under.data), _Part(over, (), over.data), (), shape)
    return result


@dataclass(frozen=True)
class _Merger:
    result: Document

    def both(self, under: _Part, over: _Part, at: Path_, shape: Shape) -> Node:
        """The node at `at` of the result, which stands in both."""
        self.result.marks[at] = over.mark
        if isinstance(under.node, dict) and isinstance(over.node, dict):
            if is_table(shape):
                return self._table(under, under.node, over, over.node, at)
            return self._mapping(under, under.node, over, over.node, at, shape)
        if isinstance(under.node, list) and isinstance(over.node, list) and has_ids(shape):
            return self._list(under, under.node, over, over.node, at)
        return self._taken(over, at)

    def _mapping(
        self, under: _Part, old: dict[str, Node], over: _Part, new: dict[str, Node], at: Path_, shape: Shape
    ) -> dict[str, Node]:
        gone = {key for key, value in new.items() if value is None and not may_be_null(below(shape, key))}
        self._known(over, gone, old)
        made: dict[str, Node] = {}
        for key in dict.fromkeys([*old, *new]):
            here = (*at, key)
            if key not in new:
                made[key] = self._taken(under.child(key, old[key]), here)
            elif key in gone:
                continue
            elif key in old:
                made[key] = self.both(under.child(key, old[key]), over.child(key, new[key]), here, below(shape, key))
            else:
                made[key] = self._taken(over.child(key, new[key]), here)
        return made

    def _table(
        self, under: _Part, old: dict[str, Node], over: _Part, new: dict[str, Node], at: Path_
    ) -> dict[str, Node]:
        """`rest` says what becomes of the options that are left out."""
        own = {_option(key): key for key in new if key != REST}
        self._known(over, [key for key in own.values() if new[key] is None], old)
        left = {key: weight for key, weight in old.items() if _option(key) not in own}
        if REST not in new:
            self._left_out(over, [key for key, weight in left.items() if weight != 0])
        elif new[REST] not in (KEEP, 0) or isinstance(new[REST], bool):
            self._fault(
                over.child(REST, None), f"rest must be `{KEEP}` (they keep their weights) or 0, not {new[REST]!r}"
            )
        drawn = REST not in new or new[REST] == KEEP
        made: dict[str, Node] = {}
        for key, weight in left.items():
            part = under.child(key, weight) if drawn else over.child(REST, 0)
            made[key] = self._taken(part, (*at, key))
        for key in own.values():
            if new[key] is not None:
                made[key] = self._taken(over.child(key, new[key]), (*at, key))
        places = {_option(key): number for number, key in enumerate(old)}
        return dict(sorted(made.items(), key=lambda item: places.get(_option(item[0]), len(places))))

    def _left_out(self, over: _Part, left: list[str]) -> None:
        if left:
            mend = f"add `rest: {KEEP}` to keep their weights, or `rest: 0` to draw them no more"
            self._fault(over, f"{over.path[-1]} leaves out {', '.join(left)} of the pack it extends: {mend}")

    def _list(self, under: _Part, old: list[Node], over: _Part, new: list[Node], at: Path_) -> list[Node]:
        """Items with the ids of `old` in their places, others after them."""
        items = [over.child(number, node) for number, node in enumerate(new)]
        self._unlike(items)
        theirs = {name for node in old if (name := _id(node)) is not None}
        goes = set(self._removed(items, theirs))
        stays = [item for item in items if not _removes(item.node)]
        replaced: dict[str | None, _Part] = {_id(item.node): item for item in stays if _id(item.node) in theirs}
        base = [under.child(number, node) for number, node in enumerate(old) if _id(node) not in goes]
        made = [replaced.get(_id(item.node), item) for item in base]
        made += [item for item in stays if _id(item.node) not in theirs]
        return [self._taken(item, (*at, number)) for number, item in enumerate(made)]

    def _unlike(self, items: list[_Part]) -> None:
        """Two items of one file with the same id, of which one would go lost."""
        names = [_id(item.node) for item in items]
        counts = Counter(names)
        for number, (name, item) in enumerate(zip(names, items, strict=True)):
            first = names.index(name)
            if name is not None and counts[name] > 1 and first != number:
                self._fault(item, f"{name} stands a second time (first in {items[first].mark}): one of them must go")

    def _removed(self, items: list[_Part], theirs: Iterable[str]) -> Iterator[str]:
        for item in items:
            name = _id(item.node)
            if not _removes(item.node) or not isinstance(item.node, dict):
                continue
            if item.node[REMOVE] is not True or name is None or len(item.node) != 2:
                self._fault(item, f"to take {name or 'one'} out write {{id: {name or '…'}, remove: true}} and no more")
            elif name not in theirs:
                self._fault(item, f"remove: the pack it extends has no {name}: {nearest(name, theirs)}")
            else:
                yield name

    def _known(self, over: _Part, gone: Iterable[str], old: dict[str, Node]) -> None:
        """Keys that are taken out must be there."""
        known = {_option(key) for key in old}
        for key in gone:
            if _option(key) not in known:
                message = f"{key}: null takes out what the pack it extends does not have: {nearest(key, old)}"
                self._fault(over.child(key, None), message)

    def _taken(self, part: _Part, at: Path_) -> Node:
        """A node as it is, with the places of all that is in it."""
        self.result.marks[at] = part.mark
        if isinstance(part.node, dict):
            return {key: self._taken(part.child(key, node), (*at, key)) for key, node in part.node.items()}
        if isinstance(part.node, list):
            return [self._taken(part.child(number, node), (*at, number)) for number, node in enumerate(part.node)]
        return part.node

    def _fault(self, part: _Part, message: str) -> None:
        self.result.faults.append(Fault(part.mark, message))


def _option(key: str) -> str | float:
    """An option as it is drawn: 1 and 1.0 are one."""
    try:
        return float(key)
    except ValueError:
        return key


def _id(node: Node) -> str | None:
    name = node["id"] if isinstance(node, dict) and "id" in node else None
    return name if isinstance(name, str) else None


def _removes(node: Node) -> bool:
    return isinstance(node, dict) and REMOVE in node
