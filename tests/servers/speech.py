"""A speech server of one model: POST /v1/audio/speech and /v1/audio/speech/batch as vLLM-Omni has them.

    python -m tests.servers.speech --model embedded/espeak

Field names, limits and error texts follow vllm_omni/entrypoints/openai (protocol/audio.py, tts_adapters/qwen3_tts.py,
audio_utils_mixin.py) and docs/serving/speech_api.md of vllm-project/vllm-omni. Unknown fields are ignored, as there,
and so is the seed of a batch's item, which has no such field there. What is its own: instructions are obeyed by the
embedded engine's prosody, and a cloned voice is the embedded voice of the nearest pitch.
"""

import asyncio
import base64
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from pipeline.audio.recording import Recording
from pipeline.engine.failure import Failure
from pipeline.speak import espeak
from schemas.take import Line
from schemas.voice import Voice
from tests.servers.casting import clip, cloned, delivery, voices
from tests.servers.orders import Fault, Order, error
from tests.servers.service import Service, options
from tests.servers.sound_files import MEDIA, body

MOST_ITEMS = 32
LONGEST_INSTRUCTIONS = 500
LANGUAGES = ("Auto", "English")
SAME = "This is what I say to everything."


class SpeechItem(BaseModel):
    """One text to be spoken, as an item of a batch."""

    input: str
    voice: str | None = None
    instructions: str | None = None
    response_format: Literal["wav", "pcm", "flac", "mp3", "aac", "opus"] | None = None
    speed: float | None = Field(default=None, ge=0.25, le=4.0)
    task_type: Literal["CustomVoice", "VoiceDesign", "Base"] | None = None
    language: str | None = None
    ref_audio: str | None = None
    ref_text: str | None = None
    max_new_tokens: int | None = None


class SpeechRequest(SpeechItem):
    """One text to be spoken, by itself."""

    model: str | None = None
    seed: int | None = Field(default=None, ge=0, le=2**63 - 1)
    extra_params: dict[str, object] | None = None


class BatchRequest(SpeechItem):
    """Several; what stands here is the default of the items."""

    input: str = ""
    model: str | None = None
    items: list[SpeechItem] = Field(min_length=1)

    def requests(self) -> list[SpeechRequest]:
        """Each item as a request of its own."""
        common = self.model_dump(exclude={"items", "input"}, exclude_none=True)
        return [SpeechRequest(**(common | item.model_dump(exclude_none=True))) for item in self.items]


class SpeechService(Service):
    """The embedded engine, behind HTTP."""

    def __init__(self, model: str, key: str | None) -> None:
        super().__init__(model, key)
        self._engine = espeak.build(espeak.Settings())
        self._thread = ThreadPoolExecutor(1)  # the engine is one process behind two pipes

    def routes(self) -> list[web.RouteDef]:
        """Speech, batches of it, and the voices there are."""
        return [
            web.post("/v1/audio/speech", self._speech),
            web.post("/v1/audio/speech/batch", self._batch),
            web.get("/v1/audio/voices", self._voices),
        ]

    async def _voices(self, _: web.Request) -> web.Response:
        return web.json_response({"voices": sorted(voices()), "uploaded_voices": []})

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        fields = await request.json()
        refusal, order = await self.refused(request, fields, fields.get("model"), str(fields.get("input")))
        if refusal is not None:
            return refusal
        try:
            asked = SpeechRequest.model_validate(fields)
            sound = await self._sound(asked, order.fault if order else None)
        except ValidationError as broken:
            return error(422, str(broken))
        except ValueError as broken:
            return error(400, str(broken))
        answer = web.Response(body=sound, content_type=MEDIA[asked.response_format or "wav"])
        if order is not None and order.fault == "cut_off":
            answer.headers["X-Audio-Truncated"] = "true"
        return answer

    async def _batch(self, request: web.Request) -> web.StreamResponse:
        fields = await request.json()
        texts = " ".join(str(item.get("input")) for item in fields.get("items", []))
        refusal, order = await self.refused(request, fields, fields.get("model"), texts)
        if refusal is not None:
            return refusal
        try:
            asked = BatchRequest.model_validate(fields)
        except ValidationError as broken:
            return error(422, str(broken))
        if len(asked.items) > MOST_ITEMS:
            return error(400, f"Batch size {len(asked.items)} exceeds maximum of {MOST_ITEMS}")
        results = await asyncio.gather(*(self._result(*one, order) for one in enumerate(asked.requests())))
        done = sum(result["status"] == "success" for result in results)
        return web.json_response(
            {
                "id": f"speech-batch-{secrets.token_hex(8)}",
                "results": results,
                "total": len(results),
                "succeeded": done,
                "failed": len(results) - done,
            }
        )

    async def _result(self, index: int, asked: SpeechRequest, order: Order | None) -> dict[str, object]:
        struck = order is not None and order.containing in asked.input
        try:
            sound = await self._sound(asked, order.fault if order and struck else None)
        except ValueError as broken:
            return {"index": index, "status": "error", "audio_data": None, "media_type": None, "error": str(broken)}
        return {
            "index": index,
            "status": "success",
            "audio_data": base64.b64encode(sound).decode(),
            "media_type": MEDIA[asked.response_format or "wav"],
            "error": None,
        }

    async def _sound(self, asked: SpeechRequest, fault: Fault | None) -> bytes:
        """The body of the answer; ValueError, in the server's words, for what it cannot do."""
        if asked.response_format not in (None, *MEDIA):
            raise ValueError(f"response_format '{asked.response_format}' needs an encoder that is not here")
        text = SAME if fault == "same" else asked.input
        seed = secrets.randbits(31) if asked.seed is None or fault == "same" else asked.seed
        seed = 0 if fault == "same" else seed
        loop = asyncio.get_running_loop()
        recording = await loop.run_in_executor(self._thread, self._spoken, asked, text, seed)
        return await loop.run_in_executor(None, body, recording, asked.response_format or "wav", fault)

    def _spoken(self, asked: SpeechRequest, text: str, seed: int) -> Recording:
        voice = self._voice(asked)
        if not text.strip():
            raise ValueError("Input text cannot be empty")
        said = delivery(asked.instructions or "", asked.speed or 1.0)
        take = next(self._engine.speak([Line(text=text, language="en", voice=voice, delivery=said, seed=seed)]))
        if isinstance(take, Failure):
            raise ValueError(take.reason)
        return Recording(take.audio, take.sample_rate)

    def _voice(self, asked: SpeechRequest) -> Voice:
        """Who speaks. Raises ValueError as the Qwen3-TTS adapter words it."""
        base = asked.task_type == "Base" or (asked.task_type is None and asked.ref_audio is not None)
        if asked.task_type == "VoiceDesign":
            raise ValueError("This checkpoint does not support task_type='VoiceDesign'.")
        if asked.language is not None and asked.language.title() not in LANGUAGES:
            raise ValueError(f"Invalid language '{asked.language}'. Supported: {', '.join(LANGUAGES)}")
        if len(asked.instructions or "") > LONGEST_INSTRUCTIONS:
            raise ValueError(f"Instructions too long (max {LONGEST_INSTRUCTIONS} characters)")
        if base:
            if asked.ref_audio is None:
                raise ValueError("Base task requires 'ref_audio' or 'speaker_embedding' for voice cloning")
            if not (asked.ref_text or "").strip():
                raise ValueError("Base task requires non-empty 'ref_text' (transcript of the reference audio)")
            return cloned(self._engine, clip(asked.ref_audio))
        if asked.ref_text is not None:
            raise ValueError("'ref_text' is only valid for Base task")
        name = (asked.voice or "julia").lower()
        if name not in voices():
            raise ValueError(f"Invalid voice '{name}'. Supported: {', '.join(sorted(voices()))}")
        return voices()[name]


if __name__ == "__main__":
    chosen = options(SpeechService.__doc__ or "")
    asyncio.run(SpeechService(chosen.model, chosen.key).serve())
