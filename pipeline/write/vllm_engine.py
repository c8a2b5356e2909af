"""vLLM's engine beside a writer that is no coroutine: started, asked, ended.

The model computes in processes that vLLM starts. Here, a thread with an event loop renders prompts and takes answers
in, whatever loop or thread the caller has.
"""

import asyncio
import gc
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from importlib.util import find_spec
from multiprocessing.util import Finalize
from typing import TypeVar

from pipeline.engine.chat import Ask, Reply
from pipeline.engine.errors import UsageError, WarmlineError
from pipeline.write.backends import WRITERS
from pipeline.write.engine_processes import EngineProcesses
from pipeline.write.vllm_model import EngineStoppedError, Model, ModelOptions, load

_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # this process has threads, which a fork would leave halfway
}
_MEMORY = (
    "lower max_model_len or max_num_seqs, change gpu_memory_utilization, or take more GPUs with tensor_parallel_size"
)
_BEFORE_CHILDREN_ARE_AWAITED = 100

Result = TypeVar("Result")


class Engine:
    """One model, loaded. It ends with this process, however that ends, or at `close`.

    Raises UsageError if vLLM is missing or of a release that will not do, WarmlineError with vLLM's own words if it
    cannot load the model.
    """

    def __init__(self, options: ModelOptions) -> None:
        if find_spec("vllm") is None:
            raise UsageError(f"the write backend vllm needs vllm: {WRITERS.entry('vllm').install}")
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        self._folder = str(options.arguments["model"])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="vllm")
        self._thread.start()
        self._processes = EngineProcesses()
        self._model: Model | None = None
        # A worker process joins its children before it ends: the engine has to be gone by then.
        self.close = Finalize(None, self._end, exitpriority=_BEFORE_CHILDREN_ARE_AWAITED)
        try:
            self.submit(self._load(options)).result()
        except BaseException:
            self.close()
            raise

    def submit(self, work: Coroutine[None, None, Result]) -> Future[Result]:
        """Have something done in the engine's loop; when that is cancelled, its requests are."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def complete(self, ask: Ask) -> Reply:
        """The model's reply; to be awaited in the engine's loop. Raises WarmlineError if the engine has stopped."""
        if self._model is None:
            raise WarmlineError("the engine was closed while it was asked")
        try:
            return await self._model.complete(ask)
        except EngineStoppedError as error:
            raise WarmlineError(self._told("stopped while it ran", "its process ended without a word")) from error

    async def _load(self, options: ModelOptions) -> None:
        with self._processes.starting():
            try:
                self._model = load(options)
            except ImportError as error:
                raise UsageError(f"vllm cannot be used (0.32 was tested): {_line(error)}") from error
            except Exception as error:
                raise WarmlineError(self._told("cannot load", _line(error))) from error

    def _told(self, what: str, otherwise: str) -> str:
        cause = self._processes.cause() or otherwise
        mend = f". {_MEMORY.capitalize()}" if "memory" in cause.lower() else ""
        return f"vllm {what} {self._folder}: {cause}{mend} (its log: {self._processes.keep_log()})"

    def _end(self) -> None:
        if self._model is not None:
            self._model.shutdown()
            self._model = None
            gc.collect()  # vLLM's objects hold each other, and would complain if they were let go at the very end
        self._processes.close()  # first: a model that is still loading gives up when they are gone
        self.submit(_cancel_all()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:400]
