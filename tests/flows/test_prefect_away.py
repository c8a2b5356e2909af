"""A Prefect server that is not there, or goes away: the work does not depend on it."""

import asyncio
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from flows.drive import Artifact
from flows.progress import Tally
from tests.conftest import SHIPPED, CommandLine

NOBODY = "http://127.0.0.1:1/api"
"""A port of this machine at which nothing listens."""


def test_an_address_where_no_server_answers_is_told_in_one_line(warmline: CommandLine) -> None:
    lost = CommandLine(warmline.folder, warmline.environment | {"PREFECT_API_URL": NOBODY})
    done = lost("generate", str(SHIPPED / "run.yaml"), "--out", "out", "--set", "size=1")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "the Prefect server at PREFECT_API_URL fails" in done.stderr
    assert "run the same command again" in done.stderr


@pytest.mark.filterwarnings("ignore:Artifact creation outside of a flow:FutureWarning")
def test_progress_that_cannot_be_told_does_not_stop_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))

    async def work() -> None:
        artifact, tally = Artifact(), Tally(wanted=4, accepted=2)
        artifact.update(tally)
        await artifact.close(tally)

    with temporary_settings({PREFECT_API_URL: NOBODY, PREFECT_CLIENT_MAX_RETRIES: 0}):
        asyncio.run(work())
