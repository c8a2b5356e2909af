"""A model's ids for the tests: a text tokenizer of 400 tokens, then markers, then units."""

from pathlib import Path

from pipeline.interleave.text_tokens import FileTokenizer
from pipeline.load.encoder import Encoder
from pipeline.load.vocabulary import UserAs, Vocabulary
from schemas.recipe import Recipe
from tests.export.text_tokenizers import write_tokenizer

AUDIO, USER, REPLY, OVER, SEP = 500, 501, 502, 503, 504
UNITS = 1000
VOCABULARY = Vocabulary(
    first_unit=UNITS,
    markers={"<sep>": SEP},
    audio=AUDIO,
    before_user=(USER,),
    before_reply=(REPLY,),
    after_turn=(OVER,),
)


def tokenizer(folder: Path) -> FileTokenizer:
    return FileTokenizer(write_tokenizer(folder).read_bytes())


def encoder(
    folder: Path,
    *,
    user: UserAs = UserAs.AUDIO,
    learn_markers: bool = False,
    whole: bool = False,
    **recipe: object,
) -> Encoder:
    """By default with the recipe of OpenS2S, counted in the tokenizer's tokens."""
    asked = Recipe.model_validate({"preset": "opens2s", "tokenizer": "tokenizer.json", **recipe})
    vocabulary = VOCABULARY.model_copy(update={"learn_markers": learn_markers})
    return Encoder(asked, tokenizer(folder), vocabulary, user, whole=whole)
