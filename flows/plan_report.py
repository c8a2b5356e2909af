"""`warmline plan`: the distribution asked and the one drawn."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.config.run import load_run
from pipeline.plan.briefs import Planner
from pipeline.plan.draws import shares
from schemas.brief import Brief
from schemas.voice import Role


def plan_report(run_file: Path, overrides: Sequence[str], preview: int) -> Iterator[str]:
    """Tables of asked and drawn shares for the run's first `size` briefs, then sample briefs."""
    run = load_run(run_file, overrides)
    planner = Planner(run.speakable, run.config.seed, run.config.shard.splits)
    briefs = planner.briefs(0, run.config.size)
    yield f"{len(briefs)} briefs of the pack {run.pack.pack.name}, seed {run.config.seed}"
    for field, asked, drawn in tables(planner, briefs):
        yield f"{field:<16} {'asked':>8} {'drawn':>8} {'count':>7}"
        for option, share in asked.items():
            yield f"  {option:<14} {share:>8.1%} {drawn[option] / len(briefs):>8.1%} {drawn[option]:>7}"
    for brief in briefs[:preview]:
        yield describe(brief)


def tables(planner: Planner, briefs: Sequence[Brief]) -> Iterator[tuple[str, Mapping[str, float], Counter[str]]]:
    """For each choice: the shares asked for, and how often each option was drawn."""
    pack = planner.pack
    emotions = shares(pack.user_emotions)
    replies: defaultdict[str, float] = defaultdict(float)
    for emotion, share in emotions.items():
        for reply, part in shares(pack.reply_emotions[emotion]).items() if share else ():
            replies[reply] += share * part
    yield "split", {str(k): v for k, v in planner.splits.items()}, Counter(str(b.split) for b in briefs)
    yield "user emotion", emotions, Counter(b.user.emotion for b in briefs)
    yield "reply emotion", replies, Counter(b.assistant.emotion for b in briefs)
    yield "turns", {str(k): v for k, v in shares(pack.turns).items()}, Counter(str(b.turns) for b in briefs)
    for role in Role:
        voices = dict.fromkeys((voice.id for voice in pack.voices if role in voice.roles), 0.0)
        for split, share in planner.splits.items():
            for language, spoken in shares(pack.languages).items():
                cast = planner.cast(role, split, language)
                for voice, part in shares(cast).items() if share * spoken else ():
                    voices[voice] += share * spoken * part
        yield f"{role} voice", voices, Counter(b.speaker(role).voice for b in briefs)


def describe(brief: Brief) -> str:
    """A brief in one line.

    A dialogue reads: id, split, situation, the user and how they feel, the reply and how it sounds, number of turns.
    """
    user, reply = brief.user, brief.assistant
    return (
        f"{brief.id} {brief.split}: {brief.situation}; {user.voice} ({user.gender}, {user.age}) feels {user.emotion} "
        f"×{user.intensity:g}; {reply.voice} replies {reply.emotion} ×{reply.intensity:g}; {brief.turns} turns"
    )
