"""Packs as users might steer them: the shipped one with other weights, arcs and conditions."""

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from schemas.brief import Arc, Kind
from schemas.pack import Pack
from schemas.steering import Given, Length, Moves, Persona, Personas, When

EMOTIONS = ("sad", "excited", "frustrated", "neutral", "happy", "angry", "fearful", "surprised", "disgusted")

weights = st.floats(min_value=0.1, max_value=10.0)


def tables(*options: str) -> SearchStrategy[Mapping[str, float]]:
    """Weights of some of the options."""
    return st.dictionaries(st.sampled_from(options), weights, min_size=1)


@st.composite
def conditions(draw: DrawFn) -> Given:
    """One condition on the emotion or the kind, that sets something."""
    happy_talk = When(user_emotion=("happy",), kind=("dialogue",))
    when = draw(st.sampled_from([When(user_emotion=("sad", "angry")), When(kind=("reply",)), happy_talk]))
    return Given(
        when=when,
        turns={int(name): weight for name, weight in draw(tables("2", "4", "8")).items()},
        intensities={float(name): weight for name, weight in draw(tables("0.5", "1.0", "1.5")).items()},
    )


@st.composite
def steered(draw: DrawFn, empathy: Pack) -> Pack:
    """The shipped pack, steered at random."""
    moves = {emotion: draw(tables("neutral", "happy", "sad")) for emotion in draw(st.sets(st.sampled_from(EMOTIONS)))}
    return empathy.model_copy(
        update={
            "user_emotions": draw(tables(*EMOTIONS)),
            "kinds": {Kind(name): weight for name, weight in draw(tables("dialogue", "reply", "text_input")).items()},
            "turns": {int(name): weight for name, weight in draw(tables("2", "4", "6", "8")).items()},
            "arcs": {Arc(name): weight for name, weight in draw(tables(*Arc)).items()},
            "moves": Moves(better=moves, worse=moves),
            "lengths": {"short": Length(words=(1, 12)), "long": Length(words=(20, 60), weight=2.0)},
            "personas": Personas(user=(Persona(id="nurse", about="A nurse."), Persona(id="clerk", about="A clerk."))),
            "given": tuple(draw(st.lists(conditions(), max_size=2, unique_by=lambda one: one.when))),
        }
    )
