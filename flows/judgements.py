"""What a language model thinks of a written dialogue, held against the pack's rubric, before anything is spoken."""

from pipeline.engine.failure import Failure
from pipeline.engine.memo import Found
from pipeline.judge.judge import Text
from pipeline.shard.row import WHOLE, Objection
from pipeline.write.writer import Commission
from schemas.brief import Brief
from schemas.dialogue import Dialogue
from schemas.judgement import Judgement, Rubric
from schemas.scores import Reason


def objections_of(found: Found[Judgement] | Failure, rubric: Rubric) -> tuple[Objection, ...]:
    """What the judge has against a text: scores under the least that the rubric asks, or that it could not judge it."""
    if isinstance(found, Failure):
        return (_objection("judge", found.reason),)
    judgement = found.value
    return tuple(
        _objection(f"judge.{scale}", f"{judgement.scores[scale]}, less than {least}: {judgement.reason}")
        for scale, least in rubric.least.items()
        if judgement.scores[scale] < least
    )


def text_to_judge(brief: Brief, ordered: Commission, dialogue: Dialogue) -> Text:
    """What the judge is to read."""
    sides = ordered.members[brief.member] if ordered.members else ordered
    return Text(
        language=ordered.language,
        situation=ordered.situation.id,
        about=ordered.situation.about,
        user=sides.user,
        assistant=sides.assistant,
        turns=dialogue.turns,
    )


def _objection(check: str, message: str) -> Objection:
    return Objection(WHOLE, Reason(check=check, message=message))
