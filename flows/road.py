"""The stages of one run, strung together: what a dialogue still needs, and what became of it.

`resolve` is a pure function of the ledgers. It looks up a brief's dialogue, takes and scores, walks the retake ladder
as far as results go, and answers either what has to be made next or the dialogue's fate. All state lies in the ledgers,
so going on after a crash, asking how far a run is, and a first run are the same computation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flows.contrast_sets import ContrastSets
from flows.judged_texts import JudgedTexts
from flows.judgements import objections_of, text_to_judge
from flows.listeners import Listeners, Unscored
from flows.references import wanted_references
from pipeline.engine.failure import Failure
from pipeline.engine.ledger import Ledger, Place
from pipeline.engine.memo import Found, Memo
from pipeline.engine.storage import Folder
from pipeline.interleave.spans import AlignmentError
from pipeline.interleave.text_tokens import TokenizerError
from pipeline.judge.judge import Text
from pipeline.plan.briefs import Planner
from pipeline.score.gate import Asked, judge
from pipeline.score.stage import ClipPlace, Spoken
from pipeline.shard.row import WHOLE, Decided, Objection, SpokenTurn
from pipeline.shard.sequence import Sequencer
from pipeline.speak.retake import TRIES_A_VOICE, line, understudies
from pipeline.units.stage import Sounded
from pipeline.write.writer import Commission, Commissions
from schemas.brief import Brief, Kind
from schemas.dialogue import Dialogue, Written
from schemas.judgement import Judgement
from schemas.pack import Pack
from schemas.run import RunConfig
from schemas.scores import Feeling, Reason
from schemas.take import Line, TakeRecord
from schemas.units import UnitSequence
from schemas.voice import Role, Voice


@dataclass
class Needs:
    """Items whose results are still to be made, by stage."""

    write: list[Commission] = field(default_factory=list)
    speak: list[Line] = field(default_factory=list)
    score: list[Spoken] = field(default_factory=list)
    feel: list[Spoken] = field(default_factory=list)
    units: list[Sounded] = field(default_factory=list)
    judge: list[Text] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.write or self.judge or self.speak or self.score or self.feel or self.units)

    def add(self, other: "Needs") -> None:
        """Take over another dialogue's needs."""
        self.write += other.write
        self.judge += other.judge
        self.speak += other.speak
        self.score += other.score
        self.feel += other.feel
        self.units += other.units


@dataclass(frozen=True)
class Memos:
    """The memoised stages."""

    write: Memo[Commission, Written]
    speak: Memo[Line, TakeRecord]
    listeners: Listeners
    units: Mapping[str, Memo[Sounded, UnitSequence]]
    judge: Memo[Text, Judgement] | None = None

    @property
    def ledgers(self) -> list[Ledger]:
        """The stages' ledgers, in the road's order."""
        units = [memo.ledger for memo in self.units.values()]
        judge = [self.judge.ledger] if self.judge is not None else []
        return [self.write.ledger, *judge, self.speak.ledger, *self.listeners.ledgers, *units]


@dataclass(frozen=True)
class Road:
    """What is needed to tell a brief's fate."""

    config: RunConfig
    pack: Pack
    planner: Planner
    memos: Memos
    commissions: Commissions
    judged: JudgedTexts
    sets: ContrastSets
    clips: Folder
    sequencer: Sequencer

    def resolve(self, brief: Brief) -> Decided | Needs:
        """The dialogue's fate, or what has to be made before it is known. A contrast set passes whole or not at all."""
        own = self._alone(brief)
        if isinstance(own, Needs) or not own.accepted or not brief.members:
            return own
        needs = Needs()
        for other in self.sets.around(brief):
            fate = self._alone(other)
            if isinstance(fate, Needs):
                needs.add(fate)
            elif not fate.accepted:
                message = f"{other.id} of the same contrast set did not pass ({fate.objections[0].reason.check})"
                return replace(own, objections=(_objection(WHOLE, "set", message),))
        return needs or own

    def _alone(self, brief: Brief) -> Decided | Needs:
        """The dialogue's own fate, whatever becomes of others."""
        text = self._text(brief)
        if not isinstance(text, _Text):
            return text
        fate = _Resolution(self, brief, text.dialogue).decide()
        return replace(fate, judgement=text.judgement) if isinstance(fate, Decided) else fate

    def text(self, brief: Brief) -> Dialogue | Decided | Needs:
        """The dialogue as it was written and judged, why it will not do, or what has to be written or judged."""
        text = self._text(brief)
        return text.dialogue if isinstance(text, _Text) else text

    def _text(self, brief: Brief) -> "_Text | Decided | Needs":
        ordered = self.commissions.of(brief)
        written = self.memos.write.look(ordered)
        if written is None:
            return Needs(write=[ordered])
        if isinstance(written, Failure):
            return Decided(brief, None, (), (_objection(WHOLE, "write", written.reason),))
        dialogue = written.value.of(brief.member)
        objections = self.judged.of(f"{written.key} {brief.member}", dialogue, ordered)
        if objections:
            return Decided(brief, dialogue, _silent(dialogue), objections)
        return self._judged(brief, ordered, dialogue)

    def _judged(self, brief: Brief, ordered: Commission, dialogue: Dialogue) -> "_Text | Decided | Needs":
        """The text with what the judge thinks of it, if there is a judge, and anything to judge."""
        memo, rubric = self.memos.judge, self.pack.rubric
        if memo is None or rubric is None or brief.kind is Kind.INSTRUCTION:  # where feeling plays no part
            return _Text(dialogue)
        text = text_to_judge(brief, ordered, dialogue)
        found = memo.look(text)
        if found is None:
            return Needs(judge=[text])
        judgement = found.value if isinstance(found, Found) else None
        objections = objections_of(found, rubric)
        if objections:
            return Decided(brief, dialogue, _silent(dialogue), objections, judgement=judgement)
        return _Text(dialogue, judgement)


@dataclass(frozen=True)
class _Text:
    """A text that may be spoken, and its judgement if it was judged."""

    dialogue: Dialogue
    judgement: Judgement | None = None


def _silent(dialogue: Dialogue) -> tuple[SpokenTurn, ...]:
    """A dialogue that is not spoken, since its text will not do."""
    return tuple(SpokenTurn(turn) for turn in dialogue.turns)


def _objection(turn: int, check: str, message: str) -> Objection:
    return Objection(turn, Reason(check=check, message=message))


class _Awaited:
    """Stands for a result that is still to be made."""


def asked(config: RunConfig, emotion: str, language: str) -> Asked:
    """What a take was to be, in the recognisers' words."""
    second = config.score.second_ser
    return Asked(emotion, language, config.score.ser.names(emotion), second.names(emotion) if second else ())


@dataclass(frozen=True)
class _Try:
    """One try of one turn: what came of it, and why it does not do (nothing if it passed)."""

    spoken: SpokenTurn
    reasons: tuple[Reason, ...]


@dataclass
class _Resolution:
    """One dialogue on its way."""

    road: Road
    brief: Brief
    dialogue: Dialogue
    needs: Needs = field(default_factory=Needs)
    tries: dict[int, int] = field(default_factory=dict)

    def decide(self) -> Decided | Needs:
        latest: dict[int, _Try] = {}
        objections: list[Objection] = []
        for role in Role:
            missing = self._side(role, latest)
            if missing is not None:
                objections.append(missing)
        if self.needs:
            return self.needs
        turns = [latest[place].spoken for place in sorted(latest)]
        for place, one in sorted(latest.items()):
            objections += [Objection(place, reason) for reason in one.reasons]
        objections += _repeats(turns)
        if not objections:
            turns, unitless = self._with_units(turns)
            if self.needs:
                return self.needs
            objections += unitless
        return Decided(self.brief, self.dialogue, tuple(turns), tuple(objections), takes=sum(self.tries.values()))

    def _side(self, role: Role, latest: dict[int, _Try]) -> Objection | None:
        """Speak one side's turns with one voice that does all of them; says if there was no further voice to try.

        All turns are settled with a voice before the next is tried, so that how often each was tried does not depend on
        which results happened to be there when a run was interrupted.
        """
        places = [place for place, turn in enumerate(self.dialogue.turns) if turn.role is role]
        if not self.brief.is_spoken(role):
            latest |= {place: _Try(SpokenTurn(self.dialogue.turns[place]), ()) for place in places}
            return None
        self.tries |= dict.fromkeys(places, 0)
        for voice in understudies(self.brief, role, self.road.pack.voices):
            settled = [self._speak_with(voice, place) for place in places]
            now = {place: one for place, one in zip(places, settled, strict=True) if one is not None}
            latest |= now
            if len(now) < len(places):
                return None
            failed = [place for place, one in now.items() if one.reasons]
            if not failed or any(self._spent(place) for place in failed):
                return None
        side = self.brief.speaker(role)
        message = f"no further {side.gender} {side.age} voice in {self.brief.split} for the {role}"
        return _objection(WHOLE, "voices", message)

    def _spent(self, place: int) -> bool:
        return self.tries[place] > self.road.config.retakes

    def _speak_with(self, voice: Voice, place: int) -> _Try | None:
        """The turn's last try with this voice; None while results are missing."""
        last: _Try | None = None
        for step in range(TRIES_A_VOICE):
            if self._spent(place):
                break
            last = self._try(voice, place, step)
            if last is None:
                return None
            self.tries[place] += 1
            if not last.reasons:
                break
        return last

    def _try(self, voice: Voice, place: int, step: int) -> _Try | None:
        turn, tries = self.dialogue.turns[place], self.tries[place]
        spoken_line = line(self.road.pack, self.brief, turn, place, voice, tries=tries, step=step)
        made = self.road.memos.speak.look(spoken_line)
        references = self._references(voice)
        if made is None:
            self.needs.speak.append(spoken_line)
        if made is None or references is None:
            return None
        spoken = SpokenTurn(turn, spoken_line, attempts=tries + 1)
        if isinstance(made, Failure):
            return _Try(spoken, (Reason(check="speak", message=made.reason),))
        spoken = replace(spoken, take=made.value, place=made.place)
        if isinstance(references, Failure):
            return _Try(spoken, (Reason(check="reference", message=references.reason),))
        return self._judged(spoken, made, references, voice)

    def _clips(self, voice: Voice) -> tuple[ClipPlace, ...]:
        """The recording that the voice was cloned from, where likeness is asked."""
        clip = voice.recording
        if self.road.memos.listeners.likeness is None or clip is None:
            return ()
        return (ClipPlace(self.road.clips, clip.audio, clip.digest),)

    def _references(self, voice: Voice) -> tuple[tuple[Place, str], ...] | Failure | None:
        found, references = [], wanted_references(self.road.config, self.road.pack, voice, self.brief.language)
        for reference in references:
            made = self.road.memos.speak.look(reference)
            if made is None:
                self.needs.speak.append(reference)
            elif isinstance(made, Failure):
                return Failure(f"the plain voice of {voice.id} could not be had: {made.reason}")
            else:
                found.append((made.place, made.value.digest))
        return tuple(found) if len(found) == len(references) else None

    def _judged(
        self, spoken: SpokenTurn, take: Found[TakeRecord], references: tuple[tuple[Place, str], ...], voice: Voice
    ) -> _Try | None:
        item = Spoken(
            place=take.place,
            digest=take.value.digest,
            text=spoken.turn.text,
            language=self.brief.language,
            dialogue=tuple(turn.text for turn in self.dialogue.turns),
            references=references,
            clips=self._clips(voice),
        )
        scores = self.road.memos.listeners.look(item)
        plain = self._plain(item) if self.road.config.gate.lifts else None
        if scores is None:
            self.needs.score.append(item)
        elif isinstance(scores, Unscored):
            return _Try(spoken, scores.reasons)
        elif isinstance(plain, Failure):
            return _Try(spoken, (Reason(check="reference", message=plain.reason),))
        if scores is None or isinstance(plain, _Awaited):
            return None
        scores = scores.model_copy(update={"plain": plain})
        verdict = judge(scores, asked(self.road.config, spoken.turn.emotion, item.language), self.road.config.gate)
        return _Try(replace(spoken, scores=scores), verdict.reasons)

    def _plain(self, take: Spoken) -> "Feeling | Failure | _Awaited":
        """What the recogniser hears in the voice's neutral renderings, for a gate that compares with it."""
        texts = self.road.pack.references_in(take.language)
        references = [
            replace(take, place=place, digest=digest, text=text, dialogue=(text,))
            for (place, digest), text in zip(take.references, texts, strict=True)
        ]
        plain = self.road.memos.listeners.plain(references)
        if isinstance(plain, Feeling | Failure):
            return plain
        self.needs.feel += plain
        return _Awaited()

    def _with_units(self, turns: list[SpokenTurn]) -> tuple[list[SpokenTurn], list[Objection]]:
        encoded, objections = [], []
        for place, turn in enumerate(turns):
            if turn.take is None or turn.place is None:  # typed
                encoded.append(turn)
                continue
            item = Sounded(turn.place, turn.take.digest, turn.take.units)
            found = {name: memo.look(item) for name, memo in self.road.memos.units.items()}
            if any(one is None for one in found.values()):
                self.needs.units.append(item)
            failures = [f"{name}: {one.reason}" for name, one in found.items() if isinstance(one, Failure)]
            objections += [_objection(place, "units", failure) for failure in failures]
            units = {name: one.value for name, one in found.items() if isinstance(one, Found)}
            encoded.append(replace(turn, units=units))
            if len(units) == len(found):
                objections += self._out_of_step(place, encoded[-1])
        return encoded, objections

    def _out_of_step(self, place: int, turn: SpokenTurn) -> list[Objection]:
        """What keeps a turn from being interleaved as the recipe says."""
        try:
            self.road.sequencer.steps(turn.turn.text, turn.words, turn.units)
        except (AlignmentError, TokenizerError) as error:
            return [_objection(place, "interleave", str(error))]
        return []


def _repeats(turns: list[SpokenTurn]) -> list[Objection]:
    """Turns of different text with the same waveform: an engine that answers every prompt alike."""
    first: dict[str, int] = {}
    objections = []
    for place, turn in enumerate(turns):
        if turn.scores is None:
            continue
        earlier = first.setdefault(turn.scores.sound.waveform, place)
        if turns[earlier].turn.text != turn.turn.text:
            objections.append(_objection(place, "waveform", f"the same recording as turn {earlier}"))
    return objections
