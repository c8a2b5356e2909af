"""ASR backend `transcriptions`: any server of POST /v1/audio/transcriptions, such as vLLM's.

It hears without knowing the text, and spells as it likes: both texts are brought to one form before they are compared,
and the transcript is kept as it came.
"""

import asyncio
import io
from collections.abc import Mapping
from typing import Annotated, Literal

import httpx2
import soundfile
from openai import AsyncOpenAI, RequestOptions
from pydantic import BaseModel, JsonValue, ValidationError

from pipeline.audio.recording import Recording, pcm16, resample
from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.model_server import BadAnswerError, ItemRefusedError, ModelServer, ServerSettings
from pipeline.engine.server_settings import leaving
from pipeline.score.scorer import Utterance
from pipeline.score.wording import error_rates
from schemas.scores import Hearing

VERSION = "1"
LANGUAGES = None

_SAMPLE_RATE = 16000
_SHORTEST = 0.1
"""Seconds. OpenAI refuses what is shorter, and there is no word in it."""

_LONGEST = 600.0
"""Seconds: vLLM's limit (VLLM_MAX_AUDIO_DECODE_DURATION_S). As a file they are 19 MB, under its and OpenAI's 25 MB."""

_OURS = frozenset({"file", "model", "language", "prompt", "response_format", "temperature", "stream"})
_MULTIPART = RequestOptions(headers={"Content-Type": "multipart/form-data"})


class Settings(ServerSettings):
    """The server, and what it is told.

    `prompt: dialogue` gives it the texts of the take's dialogue, one a line: it then hears rather what was written, and
    its figures are not to be compared with others. `language: false` leaves it to find out the language. `extra_body`
    goes into every request as it is.
    """

    upload: Literal["flac", "wav"] = "flac"
    response_format: Literal["json", "verbose_json"] = "json"
    prompt: Literal["none", "dialogue"] = "none"
    language: bool = True
    extra_body: Annotated[Mapping[str, JsonValue], leaving(_OURS)] = {}


def identity(settings: Settings) -> str:
    """The model and what it is told; where it runs, how fast, and in which wrapping sound and text travel is none."""
    return fingerprint(settings.model, settings.prompt, settings.language, settings.extra_body)


def build(settings: Settings) -> "Transcriptions":
    """A client of the server; nothing is sent yet. Raises UsageError if the server needs a key and there is none."""
    return Transcriptions(settings)


class Transcriptions:
    """Asks for each utterance by itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server = ModelServer(settings)

    async def hear_one(self, utterance: Utterance) -> Hearing | Failure:
        """What the server heard; sound too short to hold a word is heard as nothing."""
        told = f"{self._settings.model}, told the dialogue" if self._settings.prompt == "dialogue" else None
        try:
            transcript = await self._transcript(utterance)
            wer, cer = error_rates(utterance.text, transcript, utterance.language, open_vocabulary=True)
        except ItemRefusedError as error:
            return Failure(f"the server refused it: {error}")
        except ValueError as error:
            return Failure(str(error))
        return Hearing(transcript=transcript, wer=wer, cer=cer, language_model=told or self._settings.model)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._server.close()

    async def _transcript(self, utterance: Utterance) -> str:
        if utterance.recording.duration < _SHORTEST:
            return ""
        if utterance.recording.duration > _LONGEST:
            raise ValueError(f"{utterance.recording.duration:.0f} s of sound; servers take {_LONGEST:.0f} at the most")
        sound = await asyncio.to_thread(_encoded, utterance.recording, self._settings.upload)
        return await self._server.ask(lambda client: self._ask(client, sound, utterance))

    async def _ask(self, client: AsyncOpenAI, sound: bytes, utterance: Utterance) -> str:
        settings = self._settings
        form: dict[str, JsonValue] = {
            **settings.extra_body,
            "model": settings.model,
            "response_format": settings.response_format,
            "temperature": 0,
        }
        if settings.language:
            form["language"] = utterance.language.partition("-")[0]
        if settings.prompt == "dialogue":
            form["prompt"] = "\n".join(utterance.dialogue or (utterance.text,))
        file = (f"take.{settings.upload}", sound, f"audio/{settings.upload}")
        answer = await client.post(
            "/audio/transcriptions", body=form, files={"file": file}, cast_to=httpx2.Response, options=_MULTIPART
        )
        return _text(answer.content)


class _Answer(BaseModel):
    """What is read of an answer, json or verbose_json. Some servers send an error as a success."""

    text: str | None = None
    error: JsonValue = None


def _text(content: bytes) -> str:
    """The transcript. Raises BadAnswerError for what is no JSON, ValueError for JSON without a text."""
    try:
        answer = _Answer.model_validate_json(content)
    except ValidationError as error:
        raise BadAnswerError(error.errors()[0]["msg"]) from error
    if answer.text is None:
        raise ValueError(f"the server sent no text but {' '.join(str(answer.error).split())[:200]}")
    return answer.text.strip()


def _encoded(recording: Recording, container: Literal["flac", "wav"]) -> bytes:
    """A file of 16 bits at 16 kHz. Raises ValueError for samples that are no numbers."""
    samples = pcm16(resample(recording, _SAMPLE_RATE))
    file = io.BytesIO()
    soundfile.write(file, samples, _SAMPLE_RATE, format=container.upper(), subtype="PCM_16")
    return file.getvalue()
