"""A Ray cluster of three nodes on this machine, for the tests marked `ray`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from ray._private.node import Node
    from ray.cluster_utils import Cluster


@contextmanager
def three_nodes() -> Iterator["Cluster"]:
    """Each node has one core to give; drivers of this machine are on the first."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        for _ in range(3):
            add_node(cluster)
        yield cluster
    finally:
        cluster.shutdown()


def add_node(cluster: "Cluster", gpus: int = 0) -> "Node":
    """One more node. Ray takes our word for its GPUs."""
    return cluster.add_node(num_cpus=1, num_gpus=gpus, include_dashboard=False)


def actors(doing: str = "") -> list[psutil.Process]:
    """The living actors of clusters that this process started; Ray names a process after the method it is in."""
    family = psutil.Process().children(recursive=True)
    return [one for one in family if one.is_running() and one.name().startswith(f"ray::BackendActor{doing}")]
