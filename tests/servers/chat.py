"""A chat server of one model: POST /v1/chat/completions with a JSON schema, as vLLM has it.

    python -m tests.servers.chat --model embedded/phrases

It writes the dialogue that the schema asks for out of a few dozen sentences, chosen by the request: the same request
gets the same dialogue, and another seed another one. Asked for marks on scales, it gives the best.
"""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence

from aiohttp import web

from tests.servers.orders import error
from tests.servers.service import Service, options

_OPENINGS = (
    "I sat at the kitchen table all evening.",
    "My sister called me this morning.",
    "We walked home in the rain last night.",
    "The letter came on Tuesday, in a plain brown envelope.",
    "I have been thinking about the old garden again.",
    "They moved our office to the third floor.",
)
_NEWS = (
    "I could hardly believe what I heard.",
    "Nobody said a word for a long time.",
    "Now I do not know what to do next.",
    "It went on like that until the morning.",
    "There was a note under the door.",
    "We had planned something else for the summer.",
)
_TAKEN_UP = (
    "That sounds like a long day for you.",
    "I can hear how much this means to you.",
    "Thank you for telling me about it.",
    "What a strange thing to come home to.",
    "You have waited a good while for this.",
    "I did not expect that either.",
)
_QUESTIONS = (
    "What happened after that?",
    "Who else was in the room with you?",
    "How did you sleep that night?",
    "Would you like to talk about the rest of it?",
    "When will you see them again?",
    "What would help you most right now?",
)


class ChatService(Service):
    """Sentences, behind HTTP."""

    def routes(self) -> list[web.RouteDef]:
        """Chat completions."""
        return [web.post("/v1/chat/completions", self._completion)]

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        fields = json.loads(content)
        refusal, order = await self.refused(request, fields, fields.get("model"), content.decode())
        if refusal is not None:
            return refusal
        if fields["response_format"]["type"] != "json_schema":
            return error(400, "this server writes by a JSON schema only")
        wanted = fields["response_format"]["json_schema"]["schema"]["properties"]
        judges = "exchanges" not in wanted
        text = json.dumps(_judgement(wanted) if judges else _dialogue(content, wanted["exchanges"]["minItems"]))
        cut = order is not None and order.fault == "cut_off"
        message = {"role": "assistant", "content": text[:40] if cut else text}
        return web.json_response(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "model": self.model,
                "choices": [{"index": 0, "message": message, "finish_reason": "length" if cut else "stop"}],
                "usage": {"prompt_tokens": len(content) // 4, "completion_tokens": len(text) // 4},
            }
        )


def _dialogue(request: bytes, exchanges: int) -> dict[str, list[dict[str, str]]]:
    """No sentence twice."""
    draw = random.Random(request)  # noqa: S311

    def turns(first: Sequence[str], second: Sequence[str]) -> list[str]:
        return [
            f"{one} {other}"
            for one, other in zip(draw.sample(first, exchanges), draw.sample(second, exchanges), strict=True)
        ]

    sides = zip(turns(_OPENINGS, _NEWS), turns(_TAKEN_UP, _QUESTIONS), strict=True)
    return {"exchanges": [{"user": user, "assistant": assistant} for user, assistant in sides]}


def _judgement(wanted: Mapping[str, Mapping[str, object]]) -> dict[str, str | int]:
    """The best mark on every scale."""
    return {name: 2 if "enum" in scale else "It asks about one particular thing." for name, scale in wanted.items()}


if __name__ == "__main__":
    chosen = options(ChatService.__doc__ or "")
    asyncio.run(ChatService(chosen.model, chosen.key).serve())
