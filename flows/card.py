"""RUN/corpus/README.md: the dataset card, so that the folder loads as it is."""

from collections.abc import Mapping

import yaml

from flows.corpus import DATA, REJECTED, Corpus
from flows.progress import Tally
from flows.session import Session, described
from schemas.voice import Split


def write_card(session: Session, corpus: Corpus, tally: Tally) -> None:
    """Write the card. It holds nothing but what follows from the corpus, so the same corpus has the same card."""
    config = session.run.config
    rows = {str(split): corpus.writers[str(split)].rows for split in Split}
    files = [{"split": name, "path": f"{DATA}/{name}-*.parquet"} for name, count in rows.items() if count]
    configs: list[dict[str, object]] = [{"config_name": "default", "data_files": files, "default": True}]
    if corpus.writers[REJECTED].rows:
        rejected = [{"split": REJECTED, "path": f"{REJECTED}/*.parquet"}]
        configs.append({"config_name": REJECTED, "data_files": rejected})
    languages = [language for language, weight in session.run.pack.pack.languages.items() if weight > 0]
    head = {
        "pretty_name": f"{session.run.pack.pack.name} (Warmline)",
        "language": languages,
        "tags": ["audio", "speech", "dialogue", "empathy", "synthetic"],
        "configs": configs,
    }
    table = "".join(f"| {name} | {count} |\n" for name, count in rows.items())
    judged = f"{_judged(described(config.judge), corpus.marks)}\n" if config.judge and corpus.marks else ""
    text = f"""---
{yaml.safe_dump(head, sort_keys=False)}---

# {session.run.pack.pack.name}

{tally.accepted} dialogues, {tally.turns} turns, {tally.audio_seconds / 60:.1f} minutes of speech, made by
Warmline from the prompt pack `{session.run.pack.pack.name}` with seed {config.seed}. {tally.rejected} dialogues did not
pass and stand in `{REJECTED}/` with their reasons.

| split | dialogues |
| --- | --- |
{table}
Written by `{described(config.write)}`, spoken by `{described(config.speak)}`, heard by `{described(config.score.asr)}`,
emotion checked by `{described(config.score.ser)}`. All of it is synthetic: no person said it or felt it.
{judged}
```python
from datasets import load_dataset
corpus = load_dataset("PATH OR ID OF THIS FOLDER")
```
"""
    corpus.folder.write("README.md", text.encode())


def _judged(judge: str, marks: Mapping[tuple[str, int], int]) -> str:
    """Who judged the texts, and the mean of what they got on each scale.

    >>> _judged("openai tiny", {("exploration", 0): 1, ("exploration", 2): 3})
    'Texts judged by `openai tiny`; means of its marks, 0 to 2: exploration 1.50.'
    """
    means = []
    for scale in dict.fromkeys(scale for scale, _ in marks):
        counts = {mark: count for (name, mark), count in marks.items() if name == scale}
        means.append(f"{scale} {sum(mark * count for mark, count in counts.items()) / sum(counts.values()):.2f}")
    return f"Texts judged by `{judge}`; means of its marks, 0 to 2: {', '.join(means)}."
