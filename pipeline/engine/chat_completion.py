"""A chat completion as it goes over the wire: the request's body, and what is read of the answer's."""

import json
from collections.abc import Mapping

from pydantic import BaseModel, JsonValue, ValidationError

from pipeline.engine.chat import Ask, Reply
from pipeline.engine.model_server import BadAnswerError
from pipeline.engine.schema_dialect import Dialect
from schemas.dialogue import Usage


def request_body(ask: Ask, model: str, extra: Mapping[str, JsonValue], dialect: Dialect = Dialect.FULL) -> bytes:
    """The request's JSON. The messages stand at its head as they do in the model's context: what is common, first.

    `dialect` is how much of the schema the server knows. `extra` goes on top, and takes a field out by null.
    """
    body: dict[str, JsonValue] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in ask.messages],
        "response_format": dialect.form(ask.schema),
        "seed": ask.seed,
        "temperature": ask.temperature,
        "top_p": ask.top_p,
        "max_tokens": ask.max_tokens,
    }
    body |= extra
    told = {name: value for name, value in body.items() if value is not None}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


class _Details(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None
    reasoning: JsonValue = None
    reasoning_content: JsonValue = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    """The parts of an answer that are read; what else servers add is theirs."""

    choices: tuple[_Choice, ...]
    usage: _Usage | None = None


def read_answer(content: bytes) -> Reply:
    """The reply in an answer's body. Raises BadAnswerError if there is no chat completion in it."""
    try:
        answer = _Completion.model_validate_json(content)
    except ValidationError as error:
        begun = content[:80].decode(errors="replace")
        raise BadAnswerError(f"{error.errors(include_url=False)[0]['msg']}: {begun}") from error
    usage = _spent(answer.usage)
    if not answer.choices:
        return Reply("", finish_reason="no choices", usage=usage)
    choice = answer.choices[0]
    thought = choice.message.reasoning or choice.message.reasoning_content
    return Reply(
        text=choice.message.content or "",
        finish_reason=choice.finish_reason or "",
        reasoning=thought if isinstance(thought, str) else "",
        refusal=choice.message.refusal or "",
        usage=usage,
    )


def _spent(usage: _Usage | None) -> Usage:
    if usage is None:
        return Usage(requests=1)
    details = usage.prompt_tokens_details
    return Usage(
        requests=1,
        prompt_tokens=max(0, usage.prompt_tokens or 0),
        cached_tokens=max(0, (details.cached_tokens if details else None) or 0),
        completion_tokens=max(0, usage.completion_tokens or 0),
    )
