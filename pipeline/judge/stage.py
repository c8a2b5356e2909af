"""The judge stage: written dialogues to judgements."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.stage import Outcome
from pipeline.judge.backends import JUDGES
from pipeline.judge.judge import Judge, Text
from schemas.judgement import Judgement, Rubric
from schemas.run import Backend


@dataclass(frozen=True)
class JudgeStage:
    """Judges with the backend that the run file names, by the pack's rubric."""

    backend: Backend
    rubric: Rubric
    name: ClassVar[str] = "judge"
    result: ClassVar[type[Judgement]] = Judgement

    @cached_property
    def identity(self) -> str:
        """What all judgements depend on."""
        module = JUDGES.load(self.backend.backend)
        settings = module.Settings.model_validate(self.backend.settings)
        return fingerprint(self.backend.backend, module.VERSION, module.identity(settings, self.rubric))

    def key(self, item: Text) -> str:
        """What one judgement depends on."""
        return fingerprint(self.identity, item)

    @property
    def waits(self) -> bool:
        """Whether the judgements come from a server."""
        return JUDGES.entry(self.backend.backend).waits

    def build(self) -> "JudgeRunner":
        """Get the judge ready."""
        module = JUDGES.load(self.backend.backend)
        settings = module.Settings.model_validate(self.backend.settings)
        return JudgeRunner(module.build(settings, self.rubric))


@dataclass(frozen=True)
class JudgeRunner:
    """A model server at work."""

    judge: Judge

    async def run_one(self, item: Text) -> Outcome[Judgement] | Failure:
        """The text's judgement."""
        judged = await self.judge.judge_one(item)
        return judged if isinstance(judged, Failure) else Outcome(judged)

    async def close(self) -> None:
        """Let go of the server."""
        await self.judge.close()
