"""One document put over another: where each leaf comes from, and that its place comes with it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.merging import merged
from pipeline.config.source import Document, Node, Path_, read_document

KEYS = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=2)
TREES = st.dictionaries(KEYS, st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3)), max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trees")


def document(folder: Path, name: str, tree: object) -> Document:
    (folder / name).write_text(json.dumps(tree, indent=1))
    return read_document(folder / name, name)


def leaves(node: Node, path: Path_ = ()) -> Iterator[tuple[Path_, Node]]:
    if isinstance(node, dict):
        for key, child in node.items():
            yield from leaves(child, (*path, key))
    else:
        yield path, node


def found(node: Node, path: Path_) -> Node:
    for step in path:
        node = node[str(step)] if isinstance(node, dict) and step in node else None
    return node


@given(under=TREES, over=TREES)
def test_every_leaf_is_the_upper_ones_if_it_has_it_and_keeps_its_line(folder: Path, under: Node, over: Node) -> None:
    low, high = document(folder, "low.yaml", under), document(folder, "high.yaml", over)

    made = merged(low, high, None)

    assert not made.faults
    for path, leaf in leaves(made.data):
        source = high if found(over, path) is not None else low
        assert leaf == found(source.data, path)
        assert made.mark(path) == source.mark(path)
    assert {path for path, _ in leaves(over)} <= {path for path, _ in leaves(made.data)}


@given(tree=TREES)
def test_over_nothing_and_under_nothing_it_stays_what_it_is(folder: Path, tree: Node) -> None:
    one, nothing = document(folder, "one.yaml", tree), document(folder, "nothing.yaml", {})
    for made in (merged(one, nothing, None), merged(nothing, one, None)):
        assert made.data == one.data
        assert {path: made.mark(path) for path, _ in leaves(tree)} == {path: one.mark(path) for path, _ in leaves(tree)}


def test_what_null_takes_out_is_gone_with_all_that_is_in_it(folder: Path) -> None:
    low = document(folder, "low.yaml", {"a": {"b": {"c": 1}, "d": 2}})
    made = merged(low, document(folder, "high.yaml", {"a": {"b": None}}), None)
    assert made.data == {"a": {"d": 2}}
    assert ("a", "b", "c") not in made.marks
