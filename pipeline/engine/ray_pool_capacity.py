"""What a Ray cluster has, and whether it can ever hold a worker of a given share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from socket import gethostname
from typing import TypedDict, cast

from schemas.run import RayShare

ALONE = "warmline-alone"
"""The label of a Ray that was started for one run on one machine."""

_GROUP = "ray.io/node-group"
"""Ray's label of nodes that KubeRay or the cluster launcher started: more can come. Nodes started by hand lack it."""


class _Listed(TypedDict):
    """What `ray.nodes` says of a node, as far as it is needed here."""

    NodeID: str
    NodeManagerHostname: str
    Alive: bool
    Resources: dict[str, float]
    Labels: dict[str, str]


@dataclass(frozen=True)
class Node:
    """One living node: all that it has, used or not."""

    id: str
    host: str
    resources: Mapping[str, float]
    labels: Mapping[str, str]

    def holds(self, asked: Mapping[str, float]) -> bool:
        """Whether a worker would fit if the node were empty."""
        return _covers(self.resources, asked)


@dataclass(frozen=True)
class Capacity:
    """The living nodes, and what is free on all of them together."""

    nodes: Sequence[Node]
    free: Mapping[str, float]

    def is_hopeless(self, asked: Mapping[str, float]) -> bool:
        """Whether waiting cannot help: no node is large enough and none will come, or this run itself holds it all."""
        if any(_GROUP in node.labels for node in self.nodes):
            return False
        fitting = self.fitting(asked)
        return not fitting or (all(ALONE in node.labels for node in fitting) and not self.has_free(asked))

    def fitting(self, asked: Mapping[str, float]) -> list[Node]:
        """The nodes that are large enough."""
        return [node for node in self.nodes if node.holds(asked)]

    def has_free(self, asked: Mapping[str, float]) -> bool:
        """Whether enough is free, though perhaps not on one node."""
        return _covers(self.free, asked)

    def strangers(self, asked: Mapping[str, float]) -> list[str]:
        """Other machines than this one on which a worker may come to be."""
        return sorted({node.host for node in self.fitting(asked)} - {gethostname()})

    def words(self, asked: Mapping[str, float]) -> str:
        """What is asked and what is there, for the user."""
        had = {name: sum(_amount(node.resources, name) for node in self.nodes) for name in asked}
        free = ", ".join(f"{_amount(self.free, name):g} of {had[name]:g} {name}" for name in asked)
        each = ", ".join(f"{amount:g} {name}" for name, amount in asked.items())
        return f"each asks for {each or 'nothing'}; free in the cluster ({len(self.nodes)} nodes): {free}"


def asked_by(share: RayShare) -> dict[str, float]:
    """A share in Ray's own names, without what it does not ask for.

    >>> asked_by(RayShare(gpus=0.5, cpus=0, resources={"a100": 1}))
    {'GPU': 0.5, 'a100': 1.0}
    """
    named = {"GPU": share.gpus, "CPU": share.cpus, **share.resources}
    return {name: amount for name, amount in named.items() if amount > 0}


def capacity() -> Capacity:
    """What the cluster has now."""
    import ray

    listed = cast("list[_Listed]", ray.nodes())
    nodes = [
        Node(one["NodeID"], one["NodeManagerHostname"], one["Resources"], one["Labels"])
        for one in listed
        if one["Alive"]
    ]
    return Capacity(nodes, ray.available_resources())


def _covers(had: Mapping[str, float], asked: Mapping[str, float]) -> bool:
    return all(_amount(had, name) >= amount for name, amount in asked.items())


def _amount(had: Mapping[str, float], name: str) -> float:
    return had[name] if name in had else 0.0  # noqa: SIM401 -- a missing resource is none of it, not a setting's default
