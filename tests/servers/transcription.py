"""A transcription server of one model: POST /v1/audio/transcriptions as vLLM has it.

    python -m tests.servers.transcription --model embedded/pocketsphinx

Field names, limits and the shape of the answers follow vllm/entrypoints/speech_to_text (transcription/protocol.py,
base/serving.py) of vllm-project/vllm. What is its own: a `prompt` is a small language model's texts, one a line;
without one the wheel's general English model is used.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web
from aiohttp.web_request import FileField

from pipeline.audio.recording import Recording, decode_flac
from pipeline.engine.failure import Failure
from pipeline.score import pocketsphinx
from pipeline.score.scorer import Utterance
from tests.servers.orders import error
from tests.servers.service import Service, options

MOST_BYTES = 25 * 1024**2
LONGEST = 600.0
LANGUAGES = ("en",)


class TranscriptionService(Service):
    """The embedded recogniser, behind HTTP."""

    def __init__(self, model: str, key: str | None) -> None:
        super().__init__(model, key)
        self._thread = ThreadPoolExecutor(1)

    def routes(self) -> list[web.RouteDef]:
        """Transcriptions."""
        return [web.post("/v1/audio/transcriptions", self._transcription)]

    async def _transcription(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        sent = form.get("file")
        fields: dict[str, object] = {name: value for name, value in form.items() if isinstance(value, str)}
        content = b""
        if isinstance(sent, FileField):
            content = sent.file.read()
            fields |= {"filename": sent.filename, "media_type": sent.content_type, "bytes": len(content)}
        refusal, order = await self.refused(request, fields, fields.get("model"), str(fields.get("prompt", "")))
        if refusal is not None:
            return refusal
        if not isinstance(sent, FileField):
            return error(422, "Expected 'file' to be a file-like object, not 'str'.")
        try:
            recording = _decoded(content, str(fields.get("language", "en")))
            text = await asyncio.get_running_loop().run_in_executor(
                self._thread, _heard, recording, str(fields.get("prompt", ""))
            )
        except ValueError as broken:
            return error(400, str(broken))
        if order is not None and order.fault == "no_text":
            return web.json_response({"usage": {"type": "duration", "seconds": 1}})
        return _answer(str(fields.get("response_format", "json")), text, recording.duration)


def _decoded(content: bytes, language: str) -> Recording:
    if language not in LANGUAGES:
        raise ValueError(f"Unsupported language: '{language}'. Language must be one of {LANGUAGES}.")
    if len(content) > MOST_BYTES:
        raise ValueError("Maximum file size exceeded")
    try:
        recording = decode_flac(content)
    except ValueError as broken:
        raise ValueError("Invalid or unsupported audio file.") from broken
    if recording.duration > LONGEST:
        raise ValueError(f"Audio is longer than {LONGEST:g} seconds")
    return recording


def _heard(recording: Recording, prompt: str) -> str:
    model = pocketsphinx.Settings(language_model="dialogue" if prompt else "default")
    utterance = Utterance(recording, prompt or "anything", "en", tuple(prompt.splitlines()))
    heard = next(pocketsphinx.build(model).hear([utterance]))
    if isinstance(heard, Failure):
        raise ValueError(heard.reason)
    return heard.transcript


def _answer(response_format: str, text: str, seconds: float) -> web.Response:
    match response_format:
        case "text":
            return web.Response(text=text)
        case "json":
            return web.json_response({"text": text, "usage": {"type": "duration", "seconds": round(seconds)}})
        case "verbose_json":
            segment = {"id": 0, "seek": 0, "start": 0.0, "end": seconds, "text": text, "tokens": [], "temperature": 0.0}
            segment |= {"avg_logprob": 0.0, "compression_ratio": 1.0, "no_speech_prob": None}
            body = {"duration": str(seconds), "language": "en", "text": text, "segments": [segment], "words": None}
            return web.json_response(body)
    return error(400, "Currently only support response_format: `text`, `json` or `verbose_json`")


if __name__ == "__main__":
    chosen = options(TranscriptionService.__doc__ or "")
    asyncio.run(TranscriptionService(chosen.model, chosen.key).serve())
