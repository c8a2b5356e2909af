"""Text and speech units as one sequence of spans, by a recipe: a pure function, and its inverse."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise, repeat, takewhile, zip_longest

from pipeline.interleave.text_tokens import Piece, TextTokenizer, Words
from schemas.recipe import Aligned, Recipe, Span, Tail
from schemas.take import Word

Pair = tuple[int, int]
"""How many text tokens a step takes, then how many frames of units."""


class AlignmentError(ValueError):
    """Word times that do not fit the text or the units."""


def interleave(
    text: str,
    units: Sequence[int],
    recipe: Recipe,
    tokenizer: TextTokenizer | None = None,
    *,
    codebooks: int = 1,
    times: Sequence[Word] = (),
    rate: float = 0.0,
) -> tuple[Span, ...]:
    """The steps that the recipe makes of a turn: text first, nothing lost, nothing said twice.

    `units` int [N × codebooks] frame by frame. An aligned recipe needs `times`, the words of `text` in their order,
    and `rate`, frames a second. Raises AlignmentError for times that do not fit, TokenizerError for a text that the
    tokenizer does not give back.

    >>> [span.text or span.units for span in interleave("So sorry to hear that.", range(9), Recipe())]
    ['So sorry to hear', (0, 1, 2, 3, 4, 5, 6, 7), ' that.', (8,)]
    """
    frames = len(units) // codebooks
    if recipe.aligned is None or not (times or frames):
        pieces = (tokenizer or Words()).cut(text)
        pairs, over = paired(len(pieces), frames, recipe)
    else:
        pieces = spoken(text, times)
        pairs = aligned([word.start for word in times], [word.end for word in times], frames, rate, recipe)
        over = _text_over(pairs)
    return tuple(_marked(pieces, units, pairs, over, recipe, codebooks))


def deinterleave(spans: Iterable[Span]) -> tuple[str, tuple[int, ...]]:
    """The text and the units that were interleaved, whatever the recipe."""
    kept = tuple(spans)
    return "".join(span.text for span in kept), tuple(unit for span in kept for unit in span.units)


def rendered(spans: Iterable[Span], recipe: Recipe) -> str:
    """The steps as one text, as a trainer's tokenizer reads it.

    >>> rendered([Span(text="Oh."), Span(units=(7, 1))], Recipe())
    'Oh.<|audio_7|><|audio_1|>'
    """
    return "".join(span.text + span.marker + "".join(map(recipe.unit.format, span.units)) for span in spans)


def paired(tokens: int, frames: int, recipe: Recipe) -> tuple[list[Pair], int]:
    """The pairs that a recipe takes of so many text tokens and frames, and after which the text is over.

    >>> paired(11, 26, Recipe())
    ([(4, 8), (4, 8), (3, 8), (0, 2)], 2)
    >>> paired(11, 26, Recipe(tail="short_last"))
    ([(4, 8), (4, 8), (3, 10)], 2)
    >>> paired(11, 26, Recipe(tail="text_first", text_span=5, speech_span=15))
    ([(5, 15), (6, 11)], 1)
    >>> paired(11, 9, Recipe(tail="join"))
    ([(4, 8), (7, 1)], 1)
    """
    texts, speech = _cut(tokens, recipe, 0), _cut(frames, recipe, 1)
    pairs = list(zip_longest(texts, speech, fillvalue=0))
    stand = _standing(pairs, min(len(texts), len(speech)), len(texts) > len(speech), recipe)
    if stand < len(pairs) or recipe.tail is Tail.TEXT_FIRST:
        pairs = [*pairs[:stand], _sum(pairs[stand:])]
    return pairs, len(pairs) - 1 if recipe.tail is Tail.TEXT_FIRST else _text_over(pairs)


def _standing(pairs: Sequence[Pair], both: int, has_text_over: bool, recipe: Recipe) -> int:
    """How many pairs stay as they are; the others become one."""
    if recipe.tail is Tail.DRAIN:
        return len(pairs)
    if recipe.tail is Tail.TEXT_FIRST:
        return sum(1 for _ in takewhile(lambda each: each[0] == each[1], zip(pairs, _spans(recipe), strict=False)))
    if recipe.tail is Tail.SHORT_LAST and has_text_over:
        return both
    return max(both - 1, 0)


def _spans(recipe: Recipe) -> Iterator[Pair]:
    return chain(recipe.first, repeat((recipe.text_span, recipe.speech_span)))


def _cut(count: int, recipe: Recipe, side: int) -> list[int]:
    """So many of one stream in its spans. A span of none is one only as long as the stream goes on."""
    taken: list[int] = []
    for pair in _spans(recipe):
        if count <= 0:
            return taken
        taken.append(min(pair[side], count))
        count -= pair[side]
    raise AssertionError("the spans have no end")


def _sum(pairs: Iterable[Pair]) -> Pair:
    kept = list(pairs)
    return sum(text for text, _ in kept), sum(speech for _, speech in kept)


def _text_over(pairs: Sequence[Pair]) -> int:
    """The last pair that has text; −1 for none."""
    return max((number for number, (text, _) in enumerate(pairs) if text), default=-1)


def aligned(starts: Sequence[float], ends: Sequence[float], frames: int, rate: float, recipe: Recipe) -> list[Pair]:
    """Words and the frames spoken with them. Raises AlignmentError for times that run backwards or are none.

    >>> aligned([0.1, 0.5], [0.4, 0.9], 25, 25.0, Recipe(aligned="word_ends", text_span=1))
    [(1, 10), (1, 15)]
    >>> aligned([0.1, 0.5], [0.4, 0.9], 25, 25.0, Recipe(aligned="word_starts", text_span=1))
    [(0, 2), (1, 10), (1, 13)]
    """
    if not starts and frames:
        raise AlignmentError("there are no word times to cut the units at")
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end < start or (number and start < starts[number - 1]):
            raise AlignmentError(f"word {number} runs backwards, from {start:.2f} to {end:.2f} s")
    steps = [len(starts[at : at + recipe.text_span]) for at in range(0, len(starts), recipe.text_span)]
    if recipe.aligned is Aligned.WORD_STARTS:
        cuts = [0, *(min(frames, int(start * rate)) for start in starts[:: recipe.text_span]), frames]
        return [pair for pair in zip([0, *steps], _lengths(cuts), strict=True) if any(pair)]
    last = [
        starts_of + count - 1 for starts_of, count in zip(range(0, len(ends), recipe.text_span), steps, strict=True)
    ]
    cuts = [0, *(min(frames, round(ends[word] * rate)) for word in last[:-1]), *([frames] if steps else [])]
    return list(zip(steps, _lengths(cuts), strict=True))


def _lengths(cuts: Iterable[int]) -> list[int]:
    return [end - start for start, end in pairwise(accumulate(cuts, max))]


def spoken(text: str, times: Sequence[Word]) -> list[Piece]:
    """The text cut before each word that has a time. Raises AlignmentError if the words are not those of the text."""
    bounds, at = [0], 0
    for word in times:
        found = text.find(word.text, at)
        if found < 0:
            raise AlignmentError(f"the timed word {word.text!r} is not in the text where it is due")
        bounds.append(found)
        at = found + len(word.text)
    bounds = [0, *bounds[2:], len(text)]
    return [Piece(text[start:end]) for start, end in pairwise(bounds)]


def _marked(
    pieces: Sequence[Piece], units: Sequence[int], pairs: Sequence[Pair], over: int, recipe: Recipe, codebooks: int
) -> Iterator[Span]:
    marks = recipe.markers
    yield from _marker(marks.begin)
    token, frame = 0, 0
    for number, (text, speech) in enumerate(pairs):
        if text:
            yield from _marker(marks.before_text)
            run = pieces[token : token + text]
            yield Span(text="".join(p.text for p in run), tokens=tuple(p.token for p in run if p.token is not None))
            yield from _marker(marks.after_text)
        if number == over:
            yield from _marker(marks.text_over)
        if speech:
            yield from _marker(marks.before_speech)
            yield Span(units=tuple(units[frame * codebooks : (frame + speech) * codebooks]))
            yield from _marker(marks.after_speech)
        if number < len(pairs) - 1:
            yield from _marker(marks.refill)
        token, frame = token + text, frame + speech
    yield from _marker(marks.end)


def _marker(marker: str) -> Iterator[Span]:
    if marker:
        yield Span(marker=marker)
