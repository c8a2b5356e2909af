"""torchaudio.functional, as far as it is called."""

from pipeline.audio.recording import Recording
from pipeline.audio.recording import resample as resampled
from tests.speak.cosyvoice_stand_in.tensors import Tensor


def resample(waveform: Tensor, orig_freq: int, new_freq: int) -> Tensor:
    return Tensor(resampled(Recording(waveform.numpy()[0], orig_freq), new_freq).audio[None, :])
