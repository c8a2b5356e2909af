"""Text tokens to speech tokens in a thread, speech tokens to sines in the caller's."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import transformers

from tests.speak.cosyvoice_stand_in.tensors import Tensor, drawn

from .frontend import Prompt

_CODES, _SAMPLES = 6561, 960
_END_OF_PROMPT = "<|endofprompt|>"


class Encoder:
    """Sums what it has seen. With a transformers that hides the cache it forgets all but the last step."""

    def forward_one_step(self, xs: Tensor, masks: Tensor, cache: Tensor | None = None) -> tuple[Tensor, Tensor]:
        assert masks.shape == (1, xs.shape[1], xs.shape[1])
        forgets = tuple(map(int, transformers.__version__.split(".")[:2])) >= (4, 53)
        before = np.zeros((1, 1, xs.shape[2])) if cache is None or forgets else cache.array
        hidden = np.cumsum(xs.array, axis=1) + before
        return Tensor(hidden), Tensor(hidden[:, -1:])


@dataclass
class LanguageModel:
    llm: Encoder = field(default_factory=Encoder)
    llm_input_size: int = 8


@dataclass
class Model:
    version: int
    room: int
    noise: float
    llm: LanguageModel = field(default_factory=LanguageModel)
    device: str = "cpu"
    speech_tokens: list[int] = field(default_factory=list)

    def llm_job(self, text: Tensor, prompt_text: Tensor, prompt_speech: Tensor) -> None:
        words, before = (bytes(tensor.tolist()).decode() for tensor in (text, prompt_text))
        if self.version == 3:
            assert _END_OF_PROMPT in before + words, "<|endofprompt|> not detected in CosyVoice3 text or prompt_text"
        if text.shape[1] > self.room:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        draws = np.random.default_rng([drawn(), *before.encode(), *prompt_speech.tolist(), *words.encode()])
        count = 20 * text.shape[1] if "rambles" in words else 2 * text.shape[1]
        tokens = draws.integers(_CODES, size=count).tolist()
        if "stuck" in words:
            tokens[5:5] = [7] * 25
        self.speech_tokens = [] if "mute" in words else tokens[:1] if "hurry" in words else tokens

    def token2wav(self, token: Tensor) -> Tensor:
        if token.shape[1] == 0:
            raise RuntimeError("Calculated padded input size per channel: (2). Kernel size: (3).")
        times = np.arange(_SAMPLES) / 24000
        waves = [np.sin(2 * np.pi * (100 + code / 10 + self.noise) * times) for code in token.tolist()]
        return Tensor(0.1 * np.concatenate(waves).astype(np.float32)[None, :])

    def tts(self, text: Tensor, prompt: Prompt, hears: bool) -> Iterator[dict[str, Tensor]]:
        self.speech_tokens = []
        speech = prompt.speech if hears else Tensor(np.zeros((1, 0), dtype=np.int64))
        thread = threading.Thread(target=self.llm_job, args=(text, prompt.text, speech))
        thread.start()
        thread.join()
        yield {"tts_speech": self.token2wav(token=Tensor(np.array([self.speech_tokens], dtype=np.int64)))}
