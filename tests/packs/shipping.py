"""The packs that ship, and what a language model is asked for them."""

import json
from dataclasses import dataclass, field
from functools import cache
from random import Random

from pydantic import JsonValue

from pipeline.config.pack import load_pack
from pipeline.config.run import shipped, shipped_packs
from pipeline.engine.chat import Ask, Reply
from pipeline.plan.briefs import Planner
from schemas.brief import Brief
from schemas.pack import Pack
from schemas.run import Shares
from tests.packs.sentences import reply

NAMES = shipped_packs()
IN_CHINESE = [name for name in NAMES if name != "empathy"]


@cache
def pack(name: str) -> Pack:
    """A pack that ships, by its name."""
    return load_pack(shipped(name)).pack


def run_file(name: str) -> str:
    """The run file that goes with it."""
    return "run.yaml" if name == "empathy" else f"{name}.yaml"


def planner(name: str) -> Planner:
    """Contrast packs hold nothing out."""
    held_out = 0.0 if pack(name).contrast else 0.05
    return Planner(pack(name), 7, Shares(validation=held_out, test=held_out))


def briefs(name: str, count: int) -> list[Brief]:
    """The first ones of its plan."""
    return planner(name).briefs(0, count)


@dataclass
class Model:
    """Stands in for a language model: gives what the schema asks for, and keeps what it was told and what it gave."""

    asked: list[Ask] = field(default_factory=list)
    gave: list[JsonValue] = field(default_factory=list)

    async def complete(self, ask: Ask) -> Reply:
        """Something of the right shape and language; the same for the same request."""
        prompt = ask.messages[1].content
        self.asked.append(ask)
        self.gave.append(reply(dict(ask.schema), prompt, Random(f"{ask.seed} {prompt}")))  # noqa: S311
        return Reply(json.dumps(self.gave[-1]))
