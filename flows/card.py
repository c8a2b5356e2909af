"""RUN/corpus/README.md: the dataset card, so that the folder loads as it is."""

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

```python
from datasets import load_dataset
corpus = load_dataset("PATH OR ID OF THIS FOLDER")
```
"""
    corpus.folder.write("README.md", text.encode())
