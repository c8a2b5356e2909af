"""A chat, a speech and a transcription server in one, for two languages: what the packs that ship need to be run whole.

    python -m tests.packs.loopback --model embedded/both

It writes what the schema asks for out of a few hundred words. It speaks Chinese as little as espeak does here: a text
comes out as English words of about its length, in the prosody that the instruction names. And it hears by looking up
what it spoke, so its transcripts are right for every text that was spoken here, and empty for anything else.
"""

import asyncio
import io
import json
import random
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

import soundfile
from aiohttp import web
from aiohttp.web_request import FileField

from pipeline.audio.recording import Recording, resample
from pipeline.engine.failure import Failure
from pipeline.speak import espeak
from schemas.take import Line
from tests.packs.sentences import aloud, emotion_words, reply
from tests.servers.casting import delivery, voices
from tests.servers.orders import error
from tests.servers.service import LARGEST, Service, options
from tests.servers.sound_files import MEDIA, body

MODEL = "embedded/both"
RATE = 16000
LANGUAGES = ("English", "Chinese")


class LoopbackService(Service):
    """All three, behind HTTP."""

    def __init__(self, model: str, key: str | None) -> None:
        super().__init__(model, key)
        self._engine = espeak.build(espeak.Settings())
        self._thread = ThreadPoolExecutor(1)  # the engine is one process behind two pipes
        self._spoken: dict[bytes, str] = {}

    def routes(self) -> list[web.RouteDef]:
        """Chat completions, speech and transcriptions."""
        return [
            web.post("/v1/chat/completions", self._completion),
            web.post("/v1/audio/speech", self._speech),
            web.post("/v1/audio/transcriptions", self._transcription),
        ]

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        fields = json.loads(content)
        refusal, _ = await self.refused(request, fields, fields.get("model"), content.decode())
        if refusal is not None:
            return refusal
        schema = fields["response_format"]["json_schema"]["schema"]
        text = json.dumps(reply(schema, fields["messages"][-1]["content"], random.Random(content)))  # noqa: S311
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": len(content) // 4, "completion_tokens": len(text) // 4}
        return web.json_response(
            {"id": "1", "object": "chat.completion", "model": self.model, "choices": [choice], "usage": usage}
        )

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        fields = await request.json()
        refusal, _ = await self.refused(request, fields, fields.get("model"), str(fields.get("input")))
        if refusal is not None:
            return refusal
        if fields.get("language") not in LANGUAGES:
            return error(400, f"Invalid language '{fields.get('language')}'. Supported: {', '.join(LANGUAGES)}")
        sound = await asyncio.get_running_loop().run_in_executor(self._thread, self._sound, fields)
        return web.Response(body=sound, content_type=MEDIA["wav"])

    def _sound(self, fields: dict[str, str | int | None]) -> bytes:
        """16 kHz, so that nothing that is heard was resampled on the way."""
        known = sorted(voices())
        place = int.from_bytes(blake2b(str(fields.get("voice")).encode(), digest_size=4).digest())
        said = delivery(emotion_words(str(fields.get("instructions") or "")), 1.0)
        line = Line(
            text=aloud(str(fields["input"])),
            language="en",
            voice=voices()[known[place % len(known)]],
            delivery=said,
            seed=int(fields.get("seed") or 0),
        )
        take = next(self._engine.speak([line]))
        if isinstance(take, Failure):
            raise TypeError(take.reason)
        sound = body(resample(Recording(take.audio, take.sample_rate), RATE), "wav", None)
        self._spoken[_samples(sound)] = str(fields["input"])
        return sound

    async def _transcription(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        sent = form.get("file")
        fields: dict[str, object] = {name: value for name, value in form.items() if isinstance(value, str)}
        refusal, _ = await self.refused(request, fields, fields.get("model"), "")
        if refusal is not None:
            return refusal
        if not isinstance(sent, FileField):
            return error(422, "Expected 'file' to be a file-like object, not 'str'.")
        heard = _samples(sent.file.read(LARGEST))
        return web.json_response({"text": self._spoken.get(heard, ""), "usage": {"type": "duration", "seconds": 1}})


def _samples(content: bytes) -> bytes:
    """The same for the same sound in any lossless wrapping."""
    audio, rate = soundfile.read(io.BytesIO(content), dtype="int16")
    return blake2b(f"{rate}".encode() + audio.tobytes(), digest_size=16).digest()


if __name__ == "__main__":
    chosen = options(LoopbackService.__doc__ or "")
    asyncio.run(LoopbackService(chosen.model, chosen.key).serve())
