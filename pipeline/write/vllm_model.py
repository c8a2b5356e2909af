"""All that is called of vLLM: a model loaded into its asynchronous engine, asked for replies. Written for vLLM 0.32.

vLLM is imported when a model is made, so that this module can be read where it is not installed.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from pydantic import JsonValue

from pipeline.engine.chat import Ask, Reply
from pipeline.engine.refusal import ItemRefusedError
from schemas.dialogue import Usage

if TYPE_CHECKING:
    from vllm import SamplingParams
    from vllm.renderers import ChatParams
    from vllm.v1.engine.async_llm import AsyncLLM

_MODEL_DEFAULTS = ("top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty")
"""What the model's generation_config.json may say of sampling; temperature and top_p are the pack's to say."""

_LONGEST_REASON = 200


@dataclass(frozen=True)
class ModelOptions:
    """`arguments` are vLLM's engine arguments, `sampling` more of its sampling parameters than an Ask has."""

    arguments: Mapping[str, JsonValue]
    sampling: Mapping[str, JsonValue]
    template_variables: Mapping[str, JsonValue]
    reasoning_parser: str


class EngineStoppedError(Exception):
    """The engine's processes are gone."""


def load(options: ModelOptions) -> "Model":
    """Load a model, in the event loop that it is to work in. Raises whatever vLLM does."""
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.platforms import current_platform
    from vllm.renderers import ChatParams
    from vllm.v1.engine.async_llm import AsyncLLM

    arguments = AsyncEngineArgs(
        **options.arguments,
        disable_log_stats=True,
        # On a CPU the engine dies of a seeded request whose prompt it reads in pieces (seen in 0.32.0).
        enable_chunked_prefill=False if current_platform.is_cpu() else None,
        structured_outputs_config={
            "backend": "xgrammar",
            "disable_any_whitespace": True,  # small models can fall into writing blanks without end
            "reasoning_parser": options.reasoning_parser,
        },
    )
    chat = ChatParams(chat_template_kwargs={"add_generation_prompt": True, **options.template_variables})
    # No name for the engine here: errors that vLLM keeps hold on to this frame, and so would to the engine.
    return Model(options, AsyncLLM.from_engine_args(arguments), chat)


class Model:
    """A model at work in one event loop."""

    def __init__(self, options: ModelOptions, llm: "AsyncLLM", chat: "ChatParams") -> None:
        self._options = options
        self._numbers = count()
        self._llm = llm
        self._chat = chat
        logging.getLogger("vllm").setLevel(logging.CRITICAL)  # what it tells from now on is raised as well
        defaults = llm.model_config.get_diff_sampling_param()
        self._sampling = {name: defaults[name] for name in _MODEL_DEFAULTS if name in defaults} | dict(options.sampling)
        self._parameters(Ask((), {"type": "string"}, 0, 1.0, 1.0, 1))  # raises for sampling that vLLM does not know

    async def complete(self, ask: Ask) -> Reply:
        """One reply. Raises ItemRefusedError if vLLM does not take the request, EngineStoppedError if it is dead."""
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        try:
            return await self._generate(ask)
        except EngineDeadError as error:
            raise EngineStoppedError(str(error)) from error
        except (VLLMClientError, EngineGenerateError, ValueError) as error:
            words = " ".join(str(error.__cause__ or error).split())
            raise ItemRefusedError(f"vllm refuses it: {words[:_LONGEST_REASON]}") from error

    async def _generate(self, ask: Ask) -> Reply:
        messages = [{"role": message.role, "content": message.content} for message in ask.messages]
        _, (prompt,) = await self._llm.renderer.render_chat_async([messages], self._chat)
        told = {"chat_template_kwargs": dict(self._options.template_variables)}
        async for output in self._llm.generate(
            prompt, self._parameters(ask), str(next(self._numbers)), reasoning_parser_kwargs=told
        ):
            last = output
        (said,) = last.outputs
        reasoning, text = self._apart(said.text)
        usage = Usage(
            requests=1,
            prompt_tokens=len(last.prompt_token_ids),
            cached_tokens=last.num_cached_tokens or 0,
            completion_tokens=len(said.token_ids),
        )
        return Reply(text=text, finish_reason=said.finish_reason or "", reasoning=reasoning, usage=usage)

    def _parameters(self, ask: Ask) -> "SamplingParams":
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        return SamplingParams(
            **self._sampling,
            seed=ask.seed,
            temperature=ask.temperature,
            top_p=ask.top_p,
            max_tokens=ask.max_tokens,
            structured_outputs=StructuredOutputsParams(json=dict(ask.schema)),
            output_kind=RequestOutputKind.FINAL_ONLY,
            skip_special_tokens=not self._options.reasoning_parser,  # they may be what ends the reasoning
        )

    def _apart(self, text: str) -> tuple[str, str]:
        """What the model thought, and what it said."""
        if not self._options.reasoning_parser:
            return "", text
        from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
        from vllm.reasoning import ReasoningParserManager

        parser = ReasoningParserManager.get_reasoning_parser(self._options.reasoning_parser)(
            self._llm.get_tokenizer(), chat_template_kwargs=dict(self._options.template_variables)
        )
        thought, said = parser.extract_reasoning(text, ChatCompletionRequest(messages=[]))
        return (thought or "").strip(), text if said is None else said

    def shutdown(self) -> None:
        """End the engine's processes."""
        self._llm.shutdown()
