"""A run whose chat server does not take the schema of the replies."""

import pytest
import yaml

from tests.conftest import SHIPPED, CommandLine
from tests.servers.orders import Order
from tests.servers.running import CHAT_MODEL, running

WORDS = "Invalid schema for response_format 'reply': In context=('properties', 'user'), 'minLength' is not permitted."


@pytest.mark.parametrize("stage", ["write", "judge"])
def test_it_ends_with_one_line_that_names_server_words_and_setting(warmline: CommandLine, stage: str) -> None:
    with running("chat") as server, running("chat") as other:
        config = yaml.safe_load((SHIPPED / "run.yaml").read_text(encoding="utf-8")) | {"pack": "empathy", "size": 40}
        config |= {
            name: {"backend": "openai", "settings": {"base_url": one.base_url, "model": CHAT_MODEL, "requests": 4}}
            for name, one in (("write", other), ("judge", other), (stage, server))
        }
        (warmline.folder / "run.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        server.order(Order(fault="status", status=400, words=WORDS))
        ended = warmline("generate", "run.yaml", "--out", "out", "--until", "write")
        asked = len(server.asked())
    assert ended.returncode == 1, ended.stderr
    told = [line for line in ended.stderr.splitlines() if "schema_dialect" in line]
    assert len(told) == 1, ended.stderr
    assert f"{server.base_url} does not take the schema of the replies (HTTP 400: Invalid schema" in told[0]
    assert "write schema_dialect: strict into its settings" in told[0]
    assert asked < 40, "the run went on asking"
    assert "Traceback" not in ended.stderr
