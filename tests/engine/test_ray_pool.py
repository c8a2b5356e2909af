"""What of the Ray pool can be told without Ray. tests/engine/test_ray_actors.py runs it."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.engine.errors import UsageError
from pipeline.engine.ray_pool import connected
from pipeline.engine.ray_pool_capacity import ALONE, Capacity, Node
from pipeline.engine.ray_pool_member import environment
from schemas.run import RayCluster, RayShare


def test_without_ray_installed_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'warmline\[ray\]'"), connected(RayCluster()):
        pass


def test_an_actor_has_as_many_threads_as_cores_and_sees_a_gpu_only_if_it_has_a_share_of_one() -> None:
    alone = environment(RayShare(cpus=0.5, variables={"HF_HOME": "/models"}))["env_vars"]
    assert alone == {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
        "HF_HOME": "/models",
    }
    large = environment(RayShare(cpus=4, gpus=0.5, variables={"OMP_NUM_THREADS": "2"}))["env_vars"]
    assert large == {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "4", "MKL_NUM_THREADS": "4"}


def test_a_relative_interpreter_is_one_of_the_drivers_folder_and_a_bare_name_one_of_the_nodes() -> None:
    assert environment(RayShare(python=".venv/bin/python"))["py_executable"] == str(Path.cwd() / ".venv/bin/python")
    assert environment(RayShare(python="python3.11"))["py_executable"] == "python3.11"


def node(host: str = "here", labels: Sequence[str] = (), **resources: float) -> Node:
    return Node(host, host, resources, dict.fromkeys(labels, "x"))


def test_waiting_is_hopeless_where_no_node_is_large_enough_and_none_can_come() -> None:
    by_hand = [node(CPU=8), node(CPU=64, GPU=1)]
    assert Capacity(by_hand, {"GPU": 2.0}).is_hopeless({"GPU": 2})
    assert not Capacity(by_hand, {}).is_hopeless({"GPU": 1}), "it is taken now, and may be given back"
    assert not Capacity([node(labels=["ray.io/node-group"], CPU=8)], {}).is_hopeless({"GPU": 1}), "it may grow"


def test_in_a_ray_of_the_runs_own_what_is_taken_is_taken_by_the_run_itself() -> None:
    own = [node(labels=[ALONE], CPU=2)]
    assert Capacity(own, {"CPU": 0.5}).is_hopeless({"CPU": 1})
    assert not Capacity(own, {"CPU": 1.5}).is_hopeless({"CPU": 1})


def test_strangers_are_other_machines_that_could_hold_a_worker() -> None:
    nodes = [node(socket.gethostname(), GPU=1), node("gpu-7", GPU=8), node("head", CPU=2)]
    assert Capacity(nodes, {}).strangers({"GPU": 1}) == ["gpu-7"]
