"""The packs that ship, and what a language model is asked for them."""

import json
from dataclasses import dataclass, field
from functools import cache

from pydantic import JsonValue

from pipeline.config.pack import load_pack
from pipeline.config.run import shipped, shipped_packs
from pipeline.plan.briefs import Planner
from pipeline.write.asking import Ask
from pipeline.write.replies import Reply
from schemas.brief import Brief
from schemas.pack import Pack
from schemas.run import Shares

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
    """Stands in for a language model: gives what the schema asks for, and keeps what it was told."""

    asked: list[Ask] = field(default_factory=list)

    async def complete(self, ask: Ask) -> Reply:
        """The least that is of the right shape."""
        self.asked.append(ask)
        return Reply(json.dumps(_filled(dict(ask.schema))))


def _filled(schema: JsonValue) -> JsonValue:
    match schema:
        case {"enum": [first, *_]}:
            return str(first)
        case {"properties": dict() as properties}:
            return {name: _filled(part) for name, part in properties.items()}
        case {"items": items, "minItems": int() as count}:
            return [_filled(items)] * count
    return "Well."
