"""What a written dialogue is checked for before anything is spoken: the pack's key `texts`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.frozen import Frozen, Share


class Bounds(Frozen):
    """A length that has to lie between two, both included."""

    least: int = Field(default=1, ge=0, description="shortest that passes")
    most: int | None = Field(default=None, ge=1, description="longest that passes; null: any")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.most is not None and self.most < self.least:
            raise ValueError(f"nothing lies between {self.least} and {self.most}: `least` has to be the smaller one")
        return self


class Repetition(Frozen):
    """How often a dialogue may say the same. Languages that write no spaces count 3 characters for 2 words."""

    once: int = Field(default=7, ge=2, description="sentences of so many words or more may stand once in a dialogue")
    twice: int = Field(default=4, ge=2, description="sentences of so many words or more may stand twice")
    loop: int = Field(default=4, ge=2, description="so many rounds of the same words in a row are a loop")
    echo: Share = Field(default=0.6, description="at most this part of a turn may repeat the turn before it")


class NearDuplicateLimits(Frozen):
    """How like an earlier text of the corpus a text may be: Jaccard likeness of its runs of three words."""

    likeness: Share = Field(default=0.8, ge=0.5, description="whole dialogues this much alike or more: the later goes")
    openings: Share | None = Field(
        default=0.9, ge=0.5, description="the same for the user's first turn alone; null: not compared"
    )


class ListedTexts(Frozen):
    """A file of texts, in the pack's folder."""

    file: str = Field(min_length=1, description="one text a line, or .jsonl")
    field: str | None = Field(default=None, description="of a .jsonl: the key that holds the text")

    @model_validator(mode="after")
    def _field_of_jsonl(self) -> Self:
        if self.file.endswith(".jsonl") and not self.field:
            raise ValueError(f"{self.file} needs `field`, the key that holds the text")
        if self.field and not self.file.endswith(".jsonl"):
            raise ValueError(f"`field` is for .jsonl files; {self.file} holds one text a line")
        return self


class KeepClean(Frozen):
    """Texts that the corpus must not overlap with: benchmarks that a model is to be measured on."""

    files: tuple[ListedTexts, ...] = Field(default=(), description="where the texts are")
    words: int = Field(
        default=13,
        ge=5,
        le=50,
        description="so many words in a row in common are an overlap; shorter texts have to be equal",
    )


class TextRules(Frozen):
    """What a dialogue's text is checked for. Every check names the turn, the piece and the reason."""

    language: bool = Field(default=True, description="each turn is in the brief's language")
    characters: Bounds = Field(default=Bounds(least=1, most=600), description="length of a turn in characters")
    words: Bounds | None = Field(default=None, description="length of a turn in words; null: not counted")
    length_tolerance: float | None = Field(
        default=1.5,
        ge=1.0,
        allow_inf_nan=False,
        description="a turn may have so many times fewer words, or more, than its length in `lengths` says; "
        "null: what comes is not measured",
    )
    spoken: bool = Field(
        default=True,
        description="only what is said aloud: no markdown, lists, stage directions, emoji, addresses of the net, "
        "signs that nobody speaks, names before a line, rows of capitals",
    )
    digits: bool = Field(
        default=False, description="digits may stand; false: numbers are written out, as they are said"
    )
    refusals: bool = Field(default=True, description="no refusals, no 'as an AI', no talk about the task of writing")
    roles: bool = Field(
        default=True, description="the user does not talk as an assistant, nor the assistant of a life of its own"
    )
    repetition: Repetition | None = Field(
        default=Repetition(), description="the same said again in one dialogue; null: not looked for"
    )
    near_duplicates: NearDuplicateLimits | None = Field(
        default=NearDuplicateLimits(), description="dialogues too like an earlier one; null: not looked for"
    )
    keep_clean: KeepClean = Field(default=KeepClean(), description="benchmarks that the corpus must not overlap with")
    personal_data: bool = Field(
        default=True,
        description="no phone numbers, e-mail, house addresses, cards, accounts, national ids; spelled too",
    )
    crisis: Literal["safe_reply", "reject", "allow"] = Field(
        default="safe_reply",
        description="the user speaks of suicide, self-harm or killing somebody. safe_reply: the answer has to take it "
        "seriously and ask about safety or point to people who can help; reject: no such dialogues; allow: unchecked",
    )
