"""Lines for a speech server, and its client as the tests call it: all of a list at once, in a loop of their own."""

import asyncio
from collections.abc import Mapping

from pydantic import JsonValue

from pipeline.engine.failure import Failure
from pipeline.engine.storage import Folder
from pipeline.speak.openai_speech import Settings, build
from schemas.take import Line, Take
from schemas.voice import Age, Clip, Delivery, Gender, Style, Voice
from tests.servers.running import SPEECH_MODEL, Running

TEXT = "I talked to my sister about it yesterday evening, and we will see what she says."
NOWHERE = Folder("memory://no-clips")


def settings(server: Running, **more: JsonValue) -> Settings:
    """Of a run that goes to this server."""
    asked = {"base_url": server.base_url, "model": SPEECH_MODEL, "patience": 60.0, "timeout": 60.0} | more
    return Settings.model_validate(asked)


def voice(name: str | None = "julia", clips: Mapping[str, Clip] | None = None, **more: JsonValue) -> Voice:
    """A voice by the server's name for it, or by its clips alone."""
    engines: Mapping[str, Mapping[str, JsonValue]] = {"openai_speech": {"voice": name, **more}} if name else {}
    return Voice(
        id="ann",
        gender=Gender.FEMALE,
        age=Age.ADULT,
        engines=engines,
        clips=clips or {},
        licence="test",
        consent="synthetic",
    )


def line(text: str = TEXT, words: str = "", intensity: float = 1.0, seed: int = 1, who: Voice | None = None) -> Line:
    """A line, said as `words` tell."""
    delivery = Delivery(emotion="sad", intensity=intensity, style=Style(instruction=words))
    return Line(text=text, language="en", voice=who or voice(), delivery=delivery, seed=seed)


def spoken(asked: Settings, *lines: Line, clips: Folder = NOWHERE) -> list[Take | Failure]:
    """All the lines at once."""

    async def speak() -> list[Take | Failure]:
        speaker = build(asked, clips)
        try:
            return await asyncio.gather(*(speaker.speak_one(one) for one in lines))
        finally:
            await speaker.close()

    return asyncio.run(speak())


def take(asked: Settings, one: Line, clips: Folder = NOWHERE) -> Take:
    """One line's take, which there has to be."""
    made = spoken(asked, one, clips=clips)[0]
    assert isinstance(made, Take), made
    return made


def reason(asked: Settings, one: Line, clips: Folder = NOWHERE) -> str:
    """Why there is no take of one line, which there must not be."""
    made = spoken(asked, one, clips=clips)[0]
    assert isinstance(made, Failure)
    return made.reason


def last_fields(server: Running) -> dict[str, object]:
    """What the server was sent last."""
    return server.asked()[-1].fields
