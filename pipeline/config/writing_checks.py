"""What a pack asks of the language models that write and judge, and what these are never told or cannot be asked."""

from collections.abc import Iterator

from pydantic import ValidationError

from pipeline.config.source import Path_
from pipeline.engine.backends import Registry
from pipeline.engine.errors import UsageError
from pipeline.judge.backends import JUDGES
from pipeline.write.backends import WRITERS
from pipeline.write.prompting import untold
from pipeline.write.texts.said import unit_of
from schemas.brief import Arc
from schemas.judgement import Rubric
from schemas.pack import Pack, Writing
from schemas.run import Backend, RunConfig

Complaint = tuple[Path_, str]


def check_writing(pack: Pack, writing: Writing) -> Iterator[Complaint]:
    """What is drawn that no prompt asks for, and lengths that no turn can have. Paths are the pack's."""
    yield from _untold(pack, writing)
    if pack.lengths:
        yield from _lengths(pack, writing)


def check_replies(config: RunConfig, pack: Pack) -> Iterator[Complaint]:
    """Replies that the run's servers of writer and judge cannot be asked for. Paths are the pack's."""
    yield from _beyond(WRITERS, config.write, pack)
    if config.judge is not None and pack.rubric is not None:
        yield from _beyond(JUDGES, config.judge, pack.rubric)


def _beyond(registry: Registry, backend: Backend, asks: Pack | Rubric) -> Iterator[Complaint]:
    try:
        module = registry.load(backend.backend)
        settings = module.Settings.model_validate(backend.settings)
    except (UsageError, ValidationError):
        return  # said already
    yield from module.beyond(settings, asks)


def _untold(pack: Pack, writing: Writing) -> Iterator[Complaint]:
    """What is drawn, and no prompt tells the model: the texts would not fit what is said of them."""
    prompts = " ".join(step.prompt for step in writing.steps)
    for side in ("user", "assistant"):
        if getattr(pack.personas, side) and ".persona" not in prompts:
            yield ("personas", side), f"no prompt of `writing` asks for {side}.persona: add it there, or take them out"
    moving = any(weight > 0 for arc, weight in pack.arcs.items() if arc is not Arc.STEADY)
    if moving and not any(name in prompts for name in (".path", "user_emotion", "emotion_of")):
        mend = "add it there (user_emotion, in two steps), or draw steady ones only"
        yield ("arcs",), f"no prompt of `writing` asks for user.path, how the emotion moves: {mend}"


def _lengths(pack: Pack, writing: Writing) -> Iterator[Complaint]:
    """Lengths that no model is told, or that no turn can have."""
    for number in untold(writing, "words"):
        yield (
            ("writing", "steps", number, "prompt"),
            "does not ask for `words`, so the model is never told how long a turn is to be: "
            "add {% if words %}{{ words[0] }} to {{ words[1] }} {{ unit }}{% endif %}, or take `lengths` out",
        )
    units = {unit_of(language) for language, weight in pack.languages.items() if weight > 0}
    room = writing.longest_turn if "characters" in units else (writing.longest_turn + 1) // 2
    counted = pack.texts.words
    for name, length in pack.lengths.items():
        fewest, most = length.words
        if fewest > room:
            yield (
                ("lengths", name, "words"),
                f"so many never fit into longest_turn, {writing.longest_turn} characters: raise that, or ask for fewer",
            )
        if counted is not None and (most < counted.least or (counted.most is not None and fewest > counted.most)):
            yield (
                ("lengths", name, "words"),
                f"{fewest} to {most} lies outside texts.words, so that all of it would be rejected: change either",
            )
