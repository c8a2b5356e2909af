"""Backend `openai_speech`: any server of POST /v1/audio/speech, such as vLLM-Omni's.

What such servers honour differs, and they drop what they do not know without a word. So the run file declares it, only
that is sent, and every answer is looked at before it is a take.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import httpx2
from openai import AsyncOpenAI, RequestOptions
from pydantic import BaseModel, JsonValue, ValidationError

from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.model_server import BadAnswerError, ItemRefusedError, ModelServer, ServerSettings
from pipeline.engine.storage import Folder
from pipeline.speak.openai_speech_audio import Sound, recording
from pipeline.speak.openai_speech_batch import Batches
from pipeline.speak.openai_speech_request import Body, body, clip_of, data_url
from pipeline.speak.openai_speech_settings import LANGUAGE_NAMES, Settings, VoiceSettings
from pipeline.speak.speaker import Abilities
from schemas.take import Line, Take

__all__ = ["VERSION", "Settings", "VoiceSettings", "abilities", "build", "identity"]

VERSION = "2"

_BINARY = ("audio/", "application/octet-stream", "binary/octet-stream")
_ANY_TYPE = RequestOptions(headers={"Accept": "*/*"})
_LONGEST_WORDS = 200
_NOT_SENT = frozenset({"batch", "voices", "languages", "tags"})
_LEFT_OUT = Failure("the server's batch has no answer to it")

Answer = TypeVar("Answer")


def identity(settings: Settings) -> str:
    """The model and all that is sent with every line; not where the server is, nor how it is pressed."""
    left_out = set(ServerSettings.model_fields) - {"model"} | _NOT_SENT
    if settings.response_format != "pcm":  # a header says the rate, and the setting only checks it
        left_out |= {"sample_rate"}
    return fingerprint(settings.model_dump(mode="json", exclude=left_out))


def abilities(settings: Settings) -> Abilities:
    """What the run file says that the server honours."""
    by_name = tuple(LANGUAGE_NAMES) if settings.language == "name" else None
    return Abilities(
        languages=settings.languages or by_name,
        instruction=settings.instructions,
        named_voices=settings.voices != (),
        clips=settings.clips,
        emotion_clips=settings.emotion_clips,
        tags=settings.tags,
        seed=settings.seed,
    )


def build(settings: Settings, clips: Folder) -> "OpenAISpeech":
    """A client of the server; nothing is sent yet. Raises UsageError if the server needs a key and there is none."""
    return OpenAISpeech(settings, clips)


class OpenAISpeech:
    """Asks for each line by itself, or for several that come together, as `batch` says."""

    def __init__(self, settings: Settings, clips: Folder) -> None:
        self._settings, self._clips = settings, clips
        self._server = ModelServer(settings)
        self._batches = Batches(self._send, settings.batch)
        self._references: dict[str, str] = {}

    async def speak_one(self, line: Line) -> Take | Failure:
        """The line's take at the server's own rate, or why there is none."""
        settings = self._settings
        try:
            asked = body(line, settings, await self._reference(line))
            answer = await (self._alone(asked) if settings.batch == 1 else self._batches.one(asked))
            if isinstance(answer, Failure):
                return answer
            sound = await asyncio.to_thread(recording, answer, settings.response_format, settings.sample_rate)
        except ItemRefusedError as error:
            return Failure(f"the server refused it: {error}")
        except ValueError as error:
            return Failure(str(error))
        return Take(sound.audio, sound.sample_rate, engine=settings.model)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._batches.close()
        await self._server.close()

    async def _reference(self, line: Line) -> str | None:
        """The data URL of the clip to be cloned; each is read once."""
        clip = clip_of(line, self._settings)
        if clip is None:
            return None
        if clip.audio not in self._references:
            self._references[clip.audio] = await asyncio.to_thread(data_url, clip, self._clips)
        return self._references[clip.audio]

    async def _alone(self, asked: Body) -> Sound:
        return await self._post("/audio/speech", asked, _sound)

    async def _send(self, items: Sequence[Body]) -> Sequence[Sound | Failure]:
        """vLLM-Omni's batch: the answers are base64 in JSON, each with its own success or error."""
        results = await self._post("/audio/speech/batch", {"items": [dict(item) for item in items]}, _results)
        by_index = {result.index: result for result in results}
        return [_item(by_index[index]) if index in by_index else _LEFT_OUT for index in range(len(items))]

    async def _post(self, path: str, asked: Body, read: Callable[[httpx2.Response], Answer]) -> Answer:
        whole: Mapping[str, JsonValue] = {"model": self._settings.model, **self._settings.extra_body, **asked}

        async def call(client: AsyncOpenAI) -> Answer:
            return read(await client.post(path, body=whole, cast_to=httpx2.Response, options=_ANY_TYPE))

        return await self._server.ask(call)


def _sound(answer: httpx2.Response) -> Sound:
    """The sound. Raises BadAnswerError for a proxy's page, ValueError for an error that was sent as a success."""
    kind = answer.headers.get("content-type", "")
    if kind.startswith("application/json"):
        raise ValueError(f"the server sent no audio but {_words(answer.content)}")
    if answer.content and kind and not kind.startswith(_BINARY):
        raise BadAnswerError(f"{kind} where audio is due")
    return Sound(answer.content, cut_off=answer.headers.get("x-audio-truncated", "").lower() == "true")


class _Item(BaseModel):
    index: int
    status: str
    audio_data: str | None = None
    error: str | None = None


class _Batch(BaseModel):
    results: list[_Item]


def _results(answer: httpx2.Response) -> Sequence[_Item]:
    """A batch's answers. Raises BadAnswerError for what is no such JSON."""
    try:
        return _Batch.model_validate_json(answer.content).results
    except ValidationError as error:
        raise BadAnswerError(f"a batch's answer with {error.errors()[0]['msg']}") from error


def _item(result: _Item) -> Sound | Failure:
    if result.audio_data is None:
        return Failure(f"the server refused it: {_cut(result.error or result.status)}")
    try:
        return Sound(base64.b64decode(result.audio_data, validate=True))
    except binascii.Error as error:
        return Failure(f"the server's audio cannot be read: {error}")


def _words(content: bytes) -> str:
    """What an error in JSON says, in one line."""
    try:
        said = json.loads(content)
    except ValueError:
        return "what is called JSON and is none"
    for part in ("error", "message"):
        said = said[part] if isinstance(said, dict) and part in said else said
    return _cut(str(said))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_WORDS else f"{line[:_LONGEST_WORDS]}…"
