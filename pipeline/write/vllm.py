"""The writer that runs a language model itself, on vLLM's asynchronous engine: for runs without a server.

It composes as the writer `openai` does. A batch's dialogues are written side by side, so that the engine's continuous
batching fills the GPU: give the stage a large `batch`. One worker holds one engine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from pipeline.engine.failure import Failure
from pipeline.engine.fingerprint import fingerprint
from pipeline.engine.schema_dialect import Dialect
from pipeline.engine.server_settings import leaving
from pipeline.write import composing, expressible
from pipeline.write.composing import Composer
from pipeline.write.model_folder import check_model_folder
from pipeline.write.prompting import Complaint
from pipeline.write.vllm_engine import Engine
from pipeline.write.vllm_model import ModelOptions
from pipeline.write.writer import Commission
from schemas.dialogue import Written
from schemas.frozen import Frozen
from schemas.pack import Pack

VERSION = "1"
LANGUAGES = None
reads = composing.reads
needs = composing.needs

_OURS = frozenset({"seed", "temperature", "top_p", "max_tokens", "n", "structured_outputs", "output_kind"})


class Settings(Frozen):
    """The model and the room it gets.

    `model` is a folder; its last name stands for the model in the ledger. `tries` is how often one reply is asked for.
    `sampling` holds more of vLLM's sampling parameters ({top_k: 20}) than a pack's step does; those of the model's
    generation_config.json count too. `template_variables` go to the chat template ({enable_thinking: false}).
    `reasoning_parser` names vLLM's parser for a model that thinks before it answers; without one such a model
    is held to the answer from its first token on.
    """

    model: str = Field(min_length=1)
    tries: int = Field(default=4, ge=1, le=100)
    sampling: Annotated[Mapping[str, JsonValue], leaving(_OURS, ": the pack's steps say how they are sampled")] = {}
    template_variables: Mapping[str, JsonValue] = {}
    reasoning_parser: str = ""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    quantization: str | None = None
    max_model_len: int | None = Field(default=None, ge=64)
    max_num_seqs: int | None = Field(default=None, ge=1)
    gpu_memory_utilization: float = Field(default=0.9, gt=0.0, le=1.0)
    tensor_parallel_size: int = Field(default=1, ge=1)
    enforce_eager: bool = False

    @property
    def folder(self) -> Path:
        """Where the model is."""
        return Path(self.model).expanduser()


def identity(settings: Settings, pack: Pack) -> str:
    """The pack's steps, the model's name and how it is read and sampled; the room it gets is none of it."""
    return fingerprint(
        composing.identity(pack),
        settings.folder.name,
        settings.dtype,
        settings.quantization,
        settings.sampling,
        settings.template_variables,
        settings.reasoning_parser,
    )


def beyond(settings: Settings, pack: Pack) -> Iterator[Complaint]:  # noqa: ARG001 -- every writer gets its settings
    """What of the writing cannot be asked for: vLLM's grammars know all of a schema."""
    return expressible.beyond(pack, Dialect.FULL)


def build(settings: Settings, pack: Pack) -> "VllmWriter":
    """Load the model. Raises UsageError if the folder lacks a file, or vLLM is missing; WarmlineError if it fails."""
    composer = Composer.of(pack, settings.tries)
    check_model_folder(settings.folder)
    arguments: dict[str, JsonValue] = {
        "model": str(settings.folder),
        "dtype": settings.dtype,
        "quantization": settings.quantization,
        "max_model_len": settings.max_model_len,
        "max_num_seqs": settings.max_num_seqs,
        "gpu_memory_utilization": settings.gpu_memory_utilization,
        "tensor_parallel_size": settings.tensor_parallel_size,
        "enforce_eager": settings.enforce_eager,
    }
    given = {name: value for name, value in arguments.items() if value is not None}
    options = ModelOptions(given, settings.sampling, settings.template_variables, settings.reasoning_parser)
    return VllmWriter(composer, Engine(options))


@dataclass(frozen=True)
class VllmWriter:
    """See the module."""

    composer: Composer
    engine: Engine

    def write(self, commissions: Sequence[Commission]) -> Iterator[Written | Failure]:
        """Yield one dialogue a commission, in order; all of them are in the making at once."""
        engine = self.engine
        begun = [engine.submit(self.composer.compose(item, engine.complete)) for item in commissions]
        try:
            for one in begun:
                yield one.result()
        finally:
            for one in begun:
                one.cancel()
