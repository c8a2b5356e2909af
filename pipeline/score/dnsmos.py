"""MOS backend `dnsmos`: a guess of how good a take sounds, by Microsoft's DNSMOS (P.835) and its P.808 model.

The weights are inside the `speechmos` wheel. DNSMOS was made for noise suppressors: it hears noise, reverberation and
artefacts, and it says nothing of whether a voice is natural or its prosody fits. It hears 9 s at a time and repeats a
shorter take until it fills them.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.audio.batches import Batches, Heard, waveform
from pipeline.engine.failure import Failure
from pipeline.engine.model_library import needed_by, versions
from pipeline.score.scorer import Utterance
from pipeline.score.speech_encoder import finite
from schemas.frozen import Frozen, Seconds
from schemas.scores import NamedScore, Quality
from schemas.take import Waveform

if TYPE_CHECKING:
    from speechmos.dnsmos import DNSMOS

VERSION = f"1, {versions('speechmos', 'onnxruntime')}"

_RATE = 16000
_SHORTEST: Seconds = 0.1


class Settings(Frozen):
    """`threads` are those of one worker."""

    threads: int = Field(default=1, ge=1)


def identity(settings: Settings) -> str:  # noqa: ARG001 -- every backend's gets its settings
    """Nothing but the version: the weights come with it."""
    return ""


def build(settings: Settings) -> "DnsMos":
    """Load both models."""
    with needed_by("dnsmos"):
        import onnxruntime
        from speechmos import dnsmos
    models = Path(dnsmos.__file__).with_name("dnsmos_models")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads  # by default every worker takes all cores
    options.inter_op_num_threads = 1
    judge = dnsmos.DNSMOS(str(models / "sig_bak_ovr.onnx"), str(models / "model_v8.onnx"))
    judge.onnx_sess = onnxruntime.InferenceSession(str(models / "sig_bak_ovr.onnx"), options)
    judge.p808_onnx_sess = onnxruntime.InferenceSession(str(models / "model_v8.onnx"), options)
    return DnsMos(judge)


class DnsMos:
    """Rates one take after another."""

    def __init__(self, judge: "DNSMOS") -> None:
        self._judge = judge

    def rate(self, utterances: Iterable[Utterance]) -> Iterator[Quality | Failure]:
        """Yield the overall MOS of each utterance, and as parts those of its speech, its background and by P.808."""
        return Batches(_prepared, self._rated, most=1).run(utterances)

    def _rated(self, batch: Sequence[Heard[Utterance]]) -> list[Quality | Failure]:
        return [self._quality(one.audio) for one in batch]

    def _quality(self, audio: Waveform) -> Quality | Failure:
        scores = {name: float(score) for name, score in self._judge(audio, _RATE, False).items()}
        if not finite(list(scores.values())):
            return Failure("DNSMOS has no number for this take: is it digital silence?")
        return Quality(
            mos=scores["ovrl_mos"],
            parts=(
                NamedScore(name="speech", value=scores["sig_mos"]),
                NamedScore(name="background", value=scores["bak_mos"]),
                NamedScore(name="p808", value=scores["p808_mos"]),
            ),
        )


def _prepared(utterance: Utterance) -> Waveform:
    return waveform(utterance.recording, _RATE, _SHORTEST)
