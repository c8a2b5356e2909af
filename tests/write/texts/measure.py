"""What the text checks cost, and what the search for near duplicates finds: the figures of docs/texts.md.

    python -m tests.write.texts.measure

Takes half a minute.
"""

# ruff: noqa: S311 -- luck for test texts

import random
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from pipeline.config.pack import load_pack
from pipeline.plan.briefs import Planner
from pipeline.write import phrasebook
from pipeline.write.phrasebook import Settings
from pipeline.write.texts.earlier_texts import EarlierTexts, Sketches, sketches_of
from pipeline.write.texts.judge import judge
from pipeline.write.texts.near_duplicates import NearDuplicates
from pipeline.write.texts.sketch import SIZE, sketch
from pipeline.write.writer import Commissions
from schemas.dialogue import Dialogue, Written
from schemas.run import Shares
from schemas.text_rules import NearDuplicateLimits, TextRules

PACK = Path(__file__).parents[3] / "prompts" / "empathy"
DIALOGUES = 3000
CORPUS = 100_000
WORDS = [f"word{number}" for number in range(5000)]


def main() -> None:
    """Print them."""
    dialogues = list(_phrasebook())
    turns = sum(len(one.turns) for one in dialogues)
    characters = sum(len(turn.text) for one in dialogues for turn in one.turns)
    print(f"{len(dialogues)} of the phrasebook, {turns / DIALOGUES:.1f} turns of {characters / turns:.0f} characters")
    rules = TextRules()
    started = time.process_time()
    faulty = sum(bool(judge(one, "en", rules)) for one in dialogues)
    print(f"judge: {_each(started, DIALOGUES)}; {faulty} found faulty")
    started = time.process_time()
    sketches = [sketches_of(one, "en") for one in dialogues]
    print(f"sketches: {_each(started, DIALOGUES)}")
    earlier, alike = EarlierTexts(NearDuplicateLimits()), 0
    started = time.process_time()
    for number, one in enumerate(sketches):
        alike += bool(list(earlier.faults(one)))
        earlier.add(str(number), one)
    print(f"compared and added: {_each(started, DIALOGUES)}; {alike} too like an earlier one")
    for openings in (0.9, None):
        _memory(NearDuplicateLimits(openings=openings))
    _found()


def _phrasebook() -> Iterator[Dialogue]:
    pack = load_pack(PACK).pack
    commissions = Commissions(pack)
    briefs = Planner(pack, 7, Shares()).briefs(0, DIALOGUES)
    for one in phrasebook.build(Settings(), pack).write([commissions.of(brief) for brief in briefs]):
        if isinstance(one, Written):
            yield one.dialogue


def _each(started: float, count: int) -> str:
    return f"{1000 * (time.process_time() - started) / count:.2f} ms each"


def _memory(limits: NearDuplicateLimits) -> None:
    luck = random.Random(1)
    tracemalloc.start()
    earlier = EarlierTexts(limits)
    for number in range(CORPUS):
        earlier.add(f"empathy-7-{number:07d}", Sketches(luck.randbytes(SIZE), luck.randbytes(SIZE)))
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    what = "dialogues alone" if limits.openings is None else "dialogues and openings"
    print(f"{CORPUS} {what}: {held / CORPUS:.0f} bytes each, {most / CORPUS:.0f} at the highest, when arrays grow")


def _found() -> None:
    """Texts of 120 words, some of them changed: how many are found among 5,000 others."""
    luck = random.Random(2)
    corpus, texts = NearDuplicates(0.8), [luck.choices(WORDS, k=120) for _ in range(5000)]
    for number, words in enumerate(texts):
        corpus.add(str(number), sketch([" ".join(words)], "en"))
    for edits in (0, 2, 4, 5, 7, 9):
        changed = [_edited(luck, words, edits) for words in texts[:1000]]
        hits = sum(corpus.like(sketch([" ".join(words)], "en")) is not None for words in changed)
        shared = 118 - 3 * edits
        print(f"{edits} of 120 words changed, likeness {shared / (236 - shared):.2f}: {hits / 10:.1f}% found at 0.8")


def _edited(luck: random.Random, words: list[str], edits: int) -> list[str]:
    changed = list(words)
    for place in range(3, 3 + 5 * edits, 5):
        changed[place] = luck.choice(WORDS)
    return changed


if __name__ == "__main__":
    main()
