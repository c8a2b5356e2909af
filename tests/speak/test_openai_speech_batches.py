"""Lines that go to a speech server together."""

from collections.abc import Iterator

import pytest

from pipeline.engine.errors import WarmlineError
from pipeline.engine.failure import Failure
from schemas.take import Take
from tests.servers.asking import line, settings, spoken, voice
from tests.servers.orders import Fault, Order
from tests.servers.running import Running, running


@pytest.fixture(scope="module")
def running_server() -> Iterator[Running]:
    with running("speech") as server:
        yield server


@pytest.fixture
def server(running_server: Running) -> Running:
    running_server.order()
    return running_server


def test_lines_that_come_together_go_in_one_request(server: Running) -> None:
    before = len(server.asked())
    texts = [f"This is number {number}." for number in range(20)]

    made = spoken(settings(server, batch=8, sample_rate=22050), *map(line, texts))

    asked = server.asked()[before:]
    assert [type(one) for one in made] == [Take] * 20
    assert {one.path for one in asked} == {"/v1/audio/speech/batch"}
    assert sorted(str(one.fields["items"]).count("input") for one in asked) == [4, 8, 8]


def test_of_a_batch_only_the_bad_lines_fail(server: Running) -> None:
    server.order(Order(fault="half_as_much", containing="Three"))
    lines = [line("One."), line("Two.", who=voice("nobody")), line("Three."), line("Four.")]

    made = spoken(settings(server, batch=4), *lines)

    assert [type(one) for one in made] == [Take, Failure, Failure, Take]
    assert isinstance(made[1], Failure)
    assert isinstance(made[2], Failure)
    assert made[1].reason.startswith("the server refused it: Invalid voice 'nobody'")
    assert "breaks off" in made[2].reason


def test_a_batch_refused_as_a_whole_is_sent_again_line_by_line(server: Running) -> None:
    server.order(Order(fault="status", status=422, containing="Two"))

    made = spoken(settings(server, batch=3), *map(line, ("One.", "Two.", "Three.")))

    assert [type(one) for one in made] == [Take, Failure, Take]


@pytest.mark.parametrize("fault", ["html", "empty", "half"])
def test_a_batchs_answer_that_is_none_is_asked_for_again(server: Running, fault: Fault) -> None:
    server.order(Order(fault=fault, times=1))

    made = spoken(settings(server, batch=3), *map(line, ("One.", "Two.", "Three.")))

    assert [type(one) for one in made] == [Take] * 3


def test_a_server_that_is_gone_is_told_to_every_line_of_a_batch(server: Running) -> None:
    with pytest.raises(WarmlineError, match="does not exist"):
        spoken(settings(server, batch=3, model="other"), *map(line, ("One.", "Two.", "Three.")))
