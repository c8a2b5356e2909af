"""What is used of upstream's code (FunAudioLLM/CosyVoice, ace7c47), and of torch around it: the written contract.

tests/speak/cosyvoice_contract.py says in tests what stands here in words; the stand-in of the default tests and the
real code are both held to it.

- `AutoModel(model_dir=…)` loads version 2 or 3 by the yaml in the folder. Version 3 draws buffers of noise as it is
  built, so seeds must be set before that as before each take.
- `inference_*` are generators of `{"tts_speech": float32 [1, T]}`, one a segment of text, 960 samples a token. Texts
  are cut at about 80 tokens; one of punctuation alone gives nothing (with a space in it, some sound); one with `<|…|>`
  in it is neither cut nor normalised.
- With `zero_shot_spk_id` the prompt text and the clip are those it was registered with. What is passed beside it is
  ignored, an instruction too, and nothing says so.
- `model.llm_job(text, …)` runs in a thread of its own: text is int [1, N]. If it breaks, the thread dies alone, and
  `model.token2wav(token=…)` is called with no token at all and fails for their shape.
- `model.token2wav(token=int [1, N], …)` makes a segment's sound. It is called in the caller's thread.
- `frontend.load_wav(path, rate)` is the module's way to a file: float32 [1, T] at `rate`.
- `model.llm.llm.forward_one_step(embeddings [1, N, width], masks [1, N, N], cache)` gives hidden states [1, N, width]
  and a cache to go on from.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Tensor(Protocol):
    """A torch tensor."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        ...

    def __getitem__(self, place: tuple[slice, slice]) -> "Tensor":
        """A part of it."""
        ...

    def detach(self) -> "Tensor":
        """Without gradients."""
        ...

    def float(self) -> "Tensor":
        """As float32."""
        ...

    def cpu(self) -> "Tensor":
        """In main memory."""
        ...

    def to(self, device: object) -> "Tensor":
        """On a device."""
        ...

    def numpy(self) -> NDArray[np.float32]:
        """The same memory as an array."""
        ...

    def flatten(self) -> "Tensor":
        """In one dimension."""
        ...

    def tolist(self) -> list[int]:
        """As a list, of a flat one of integers."""
        ...


class Cuda(Protocol):
    """torch.cuda."""

    def is_available(self) -> bool:
        """Whether there is a GPU to work on."""
        ...

    def empty_cache(self) -> None:
        """Give back what is held and not used."""
        ...


class Torch(Protocol):
    """torch."""

    cuda: Cuda

    def manual_seed(self, seed: int) -> object:
        """Seed every device's draws."""
        ...

    def from_numpy(self, array: NDArray[np.generic]) -> Tensor:
        """The same memory as a tensor."""
        ...


class Resampling(Protocol):
    """torchaudio.functional."""

    def resample(self, waveform: Tensor, orig_freq: int, new_freq: int) -> Tensor:
        """The same sound at another rate."""
        ...


class Encoder(Protocol):
    """The language model proper."""

    def forward_one_step(self, xs: Tensor, masks: Tensor, cache: object = None) -> tuple[Tensor, object]:
        """Hidden states, and the cache for the next step."""
        ...


class LanguageModel(Protocol):
    """Text tokens to speech tokens."""

    llm: Encoder
    llm_input_size: int


class Model(Protocol):
    """The three networks, and the threads they run in."""

    llm: LanguageModel
    device: object
    llm_job: Callable[..., None]
    token2wav: Callable[..., Tensor]


class FrontEnd(Protocol):
    """Texts and clips to what the networks read. `text_frontend` is empty if it can normalise no text."""

    text_frontend: str
    spk2info: dict[str, object]

    def text_normalize(self, text: str, split: bool, text_frontend: bool) -> str:
        """The text with its numbers spelled out; in one piece if `split` is False."""
        ...


class FrontEndModule(Protocol):
    """cosyvoice.cli.frontend."""

    load_wav: Callable[[str, int], Tensor]


class CosyVoiceModel(Protocol):
    """What AutoModel gives."""

    sample_rate: int
    frontend: FrontEnd
    model: Model

    def add_zero_shot_spk(self, prompt_text: str, prompt_wav: str, zero_shot_spk_id: str) -> bool:
        """Keep what was made of a clip and the words before a text."""
        ...

    def inference_zero_shot(
        self, tts_text: str, prompt_text: str, prompt_wav: str, *, zero_shot_spk_id: str, text_frontend: bool
    ) -> Iterator[Mapping[str, Tensor]]:
        """Speak as the clip goes on."""
        ...

    def inference_instruct2(
        self, tts_text: str, instruct_text: str, prompt_wav: str, *, zero_shot_spk_id: str, text_frontend: bool
    ) -> Iterator[Mapping[str, Tensor]]:
        """Speak as the words say, in the clip's voice."""
        ...


class CosyVoiceModule(Protocol):
    """cosyvoice.cli.cosyvoice. `tqdm` is a progress bar over a text's segments."""

    __file__: str
    tqdm: Callable[[object], object]

    def AutoModel(self, *, model_dir: str, fp16: bool, load_trt: bool) -> CosyVoiceModel:  # noqa: N802 -- its name
        """Load the folder's model onto the GPU, or the CPU where there is none."""
        ...
