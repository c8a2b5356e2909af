"""The texts of a run against the pack's rules, before anything is spoken."""

from dataclasses import dataclass, field

from pipeline.shard.row import WHOLE, Objection
from pipeline.write.texts.brief import asked_of, brief_faults
from pipeline.write.texts.judge import judge
from pipeline.write.texts.keep_clean import KeptClean
from pipeline.write.writer import Commission, Tags, sounds_of
from schemas.dialogue import Dialogue
from schemas.scores import Reason
from schemas.text_rules import TextRules


@dataclass(frozen=True)
class JudgedTexts:
    """The pack's rules for texts, and what its brief asked of each, applied to each text once."""

    rules: TextRules
    tags: Tags
    kept_clean: KeptClean | None
    _known: dict[str, tuple[Objection, ...]] = field(default_factory=dict)

    def of(self, key: str, dialogue: Dialogue, ordered: Commission) -> tuple[Objection, ...]:
        """What speaks against the text that is called `key`."""
        if key not in self._known:
            faults = judge(dialogue, ordered.language, self.rules, sounds_of(self.tags), self.kept_clean)
            unasked = brief_faults(dialogue, asked_of(ordered, self.tags), self.rules)
            self._known[key] = tuple(
                Objection(
                    WHOLE if fault.turn is None else fault.turn,
                    Reason(check=f"text.{fault.check}", message=fault.message),
                )
                for fault in (*faults, *unasked)
            )
        return self._known[key]
