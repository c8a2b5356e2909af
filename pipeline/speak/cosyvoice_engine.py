"""One loaded CosyVoice: registers clips, renders texts, and hears what upstream does not return."""

import gc
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.engine.errors import WarmlineError
from pipeline.speak.cosyvoice_loading import import_upstream, load
from pipeline.speak.cosyvoice_prompts import Way
from pipeline.speak.cosyvoice_settings import Settings
from pipeline.speak.cosyvoice_tokens import Rendering, Segment
from pipeline.speak.cosyvoice_upstream import Model, Tensor

_MOST_REGISTERED = 256
"""Each holds a clip's features on the GPU: up to 0.5 MB for 30 s."""
_NO_ROOM = ("out of memory", "Failed to allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""How CUDA, onnxruntime and cuBLAS say it."""


class NoRenderingError(Exception):
    """Upstream gave nothing for a text. Its text is the reason, in one line."""


class NoRoomError(NoRenderingError):
    """The GPU, or the machine, ran out of memory."""


class Engine:
    """Loads at once. Raises UsageError for what is missing, WarmlineError if the model has no room or garbles."""

    def __init__(self, settings: Settings) -> None:
        self._libraries = import_upstream(Path(settings.checkout))
        try:
            self._model = load(self._libraries, settings)
        except Exception as error:
            if not _is_lack_of_room(error):
                raise
            raise WarmlineError(
                f"{settings.model} does not fit into the GPU's memory: give each worker a larger share of it"
            ) from error
        self.sample_rate = self._model.sample_rate
        self.text_frontend = self._model.frontend.text_frontend
        self._listener = _Listener(self._model.model)
        self._registered: list[str] = []

    def register(self, name: str, words: str, clip: str, normalise: bool) -> None:
        """Keep the clip at this path, after these words, under a name. Raises NoRenderingError."""
        if name in self._registered:
            return
        while len(self._registered) >= _MOST_REGISTERED:
            self._forget(self._registered[0])
        try:
            said = self._model.frontend.text_normalize(words, split=False, text_frontend=normalise)
            self._model.add_zero_shot_spk(said, clip, name)
        except Exception as error:  # of whatever kind: it is the reason
            raise _told(error) from error
        self._registered.append(name)

    def render(self, texts: Sequence[str], name: str, way: Way, seed: int, normalise: bool) -> Rendering:
        """Speak the texts one after the other as the registered clip has it. Raises NoRenderingError.

        `normalise` has upstream spell out numbers (in Chinese or English) and cut long texts.
        """
        speak = self._model.inference_zero_shot if way is Way.ZERO_SHOT else self._model.inference_instruct2
        self._libraries.seed(seed)
        self._listener.forget()
        sounds: list[Tensor] = []
        try:
            for text in texts:
                segments = speak(text, "", "", zero_shot_spk_id=name, text_frontend=normalise)
                sounds.extend(segment["tts_speech"] for segment in segments)
        except NoRenderingError:
            raise
        except Exception as error:  # of whatever kind: it is the reason
            raise _told(error) from error
        if not sounds:
            raise NoRenderingError("CosyVoice found nothing to say in this text")
        audio = np.concatenate([sound.float().cpu().numpy()[0] for sound in sounds])
        return Rendering(audio, self.sample_rate, tuple(self._listener.segments))

    def make_room(self) -> None:
        """Let go of everything that can be made again, the model apart."""
        for name in list(self._registered):
            self._forget(name)
        self._listener.forget()
        gc.collect()
        self._libraries.torch.cuda.empty_cache()

    def close(self) -> None:
        """Let go of the model too: this object is of no use afterwards."""
        del self._model, self._listener
        gc.collect()
        self._libraries.torch.cuda.empty_cache()

    def _forget(self, name: str) -> None:
        self._registered.remove(name)
        del self._model.frontend.spk2info[name]


class _Listener:
    """Stands between upstream's parts: notes the tokens that the sound is made of, and what the thread died of."""

    def __init__(self, model: Model) -> None:
        self._llm_job, self._token2wav = model.llm_job, model.token2wav
        model.llm_job, model.token2wav = self._listened_job, self._listened_wave
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.segments: list[Segment] = []
        self._text_tokens = 0
        self._error: Exception | None = None

    def _listened_job(self, text: Tensor, *others: object) -> None:
        self._text_tokens = text.shape[1]
        try:
            self._llm_job(text, *others)
        except Exception as error:  # noqa: BLE001 -- raised again by _listened_wave, in the thread that can tell
            self._error = error

    def _listened_wave(self, token: Tensor, **others: object) -> Tensor:
        if self._error is not None:
            raise self._error
        tokens = tuple(token.flatten().tolist())
        if not tokens:
            raise NoRenderingError("CosyVoice stopped at once: no speech tokens for this text")
        self.segments.append(Segment(self._text_tokens, tokens))
        return self._token2wav(token=token, **others)


def _told(error: Exception) -> NoRenderingError:
    reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return NoRoomError(reason) if _is_lack_of_room(error) else NoRenderingError(f"CosyVoice broke: {reason}")


def _is_lack_of_room(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_ROOM)
