"""A language model of two layers with random weights that lean towards the words of a pack.

It says words in no order, ends a turn about where the pack's phrases end, and now and then says what no voice can
speak: enough for a server to be asked, and for its answers to be sorted.
"""

import json
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.write.composing import writing_of
from schemas.pack import Pack

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCABULARY = 1024
POSITIONS = 2**22
"""More than a gigabyte of cache holds, so that too long a context can be asked for."""

_WIDTH = 64
_CONSTANT = 8.0
_RANDOMNESS = 0.1
_UNSEEN = 0.5
_SPECIAL = ("<s>", "</s>", "<think>", "</think>")
_THOUGHT = 200
"""Tokens of a thought, on average."""

_UNSPEAKABLE = "*\x07"
_TO_ONE_OF_THEM = 400
"""Tokens, on average. No schema keeps these out: xgrammar allows raw control characters where a length is bounded."""

_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% if thinking %}<think>{% endif %}{% endif %}"
)


def make_weights(pack: Pack, folder: Path) -> Path:
    """The model folder, as `transformers` writes one: config, tokenizer, chat template, weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    texts = [json.dumps(text, ensure_ascii=False) for text in _phrases(pack)]
    tokenizer = _train([*texts, *_prompts(pack)])
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=_SPECIAL[0], eos_token=_SPECIAL[1])
    wrapped.chat_template = _TEMPLATE
    wrapped.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=_WIDTH,
        intermediate_size=2 * _WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=POSITIONS,
        bos_token_id=0,
        eos_token_id=1,
    )
    torch.manual_seed(0)
    model = LlamaForCausalLM(config)
    constant = _CONSTANT / math.sqrt((_CONSTANT**2 + _WIDTH - 1) / _WIDTH)  # as the last norm hands it on
    with torch.no_grad():
        model.model.embed_tokens.weight.normal_(0.0, 1.0)
        model.model.embed_tokens.weight[:, 0] = _CONSTANT
        model.lm_head.weight.normal_(0.0, _RANDOMNESS)
        model.lm_head.weight[:, 0] = torch.tensor(_leanings(tokenizer, texts)) / constant
    model.save_pretrained(folder)
    return folder


def _phrases(pack: Pack) -> list[str]:
    return [
        phrase
        for situation in pack.situations
        for phrase in (situation.about, *situation.opening, *situation.acknowledge, *situation.advice)
        if "{" not in phrase
    ]


def _prompts(pack: Pack) -> list[str]:
    return [text for step in writing_of(pack).steps for text in (step.system, step.prompt)]


def _train(texts: list[str]) -> "Tokenizer":
    """A byte-level BPE, so that any text can be read and the pack's own is short."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _leanings(tokenizer: "Tokenizer", texts: list[str]) -> list[float]:
    """The log probability of each token: its share of the texts, as strings of JSON after their opening quote."""
    counts = Counter(token for text in texts for token in tokenizer.encode(text[1:]).ids)
    everything = sum(counts.values())
    after_thought = tokenizer.token_to_id("</think>")
    assert after_thought is not None
    counts[after_thought] = everything // _THOUGHT
    for token in tokenizer.encode(_UNSPEAKABLE).ids:
        counts[token] += everything // _TO_ONE_OF_THEM
    return [math.log((counts[token] + _UNSEEN) / everything) for token in range(VOCABULARY)]
