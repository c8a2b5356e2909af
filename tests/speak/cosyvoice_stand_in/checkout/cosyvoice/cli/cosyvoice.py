"""The calls, with upstream's names, orders and defaults."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import yaml

from tests.speak.cosyvoice_stand_in.tensors import Tensor, drawn

from .frontend import FrontEnd
from .model import Model


def _shown(segments: Iterable[str]) -> Iterator[str]:
    for segment in segments:
        print(f"|#####| {segment}")
        yield segment


tqdm: Callable[[Iterable[str]], Iterable[str]] = _shown


class CosyVoice2:
    version = 2

    def __init__(self, model_dir: str, load_trt: bool = False, fp16: bool = False) -> None:  # noqa: ARG002
        with Path(model_dir, f"cosyvoice{self.version}.yaml").open() as file:
            said = yaml.safe_load(file)
        self.sample_rate = 24000
        self.frontend = FrontEnd(said["text_frontend"])
        noise = drawn() % 100 if self.version == 3 else 0  # drawn as it is built
        self.model = Model(self.version, said["room"], noise)

    def add_zero_shot_spk(self, prompt_text: str, prompt_wav: str, zero_shot_spk_id: str) -> bool:
        self.frontend.spk2info[zero_shot_spk_id] = self.frontend.prompt(prompt_text, prompt_wav, "")
        return True

    def inference_zero_shot(
        self,
        tts_text: str,
        prompt_text: str,
        prompt_wav: str,
        zero_shot_spk_id: str = "",
        stream: bool = False,  # noqa: ARG002
        speed: float = 1.0,  # noqa: ARG002
        text_frontend: bool = True,
    ) -> Iterator[dict[str, Tensor]]:
        for text in tqdm(self.frontend.text_normalize(tts_text, split=True, text_frontend=text_frontend)):
            prompt = self.frontend.prompt(prompt_text, prompt_wav, zero_shot_spk_id)
            yield from self.model.tts(self.frontend.tokens(text), prompt, hears=True)

    def inference_instruct2(
        self,
        tts_text: str,
        instruct_text: str,
        prompt_wav: str,
        zero_shot_spk_id: str = "",
        stream: bool = False,  # noqa: ARG002
        speed: float = 1.0,  # noqa: ARG002
        text_frontend: bool = True,
    ) -> Iterator[dict[str, Tensor]]:
        for text in tqdm(self.frontend.text_normalize(tts_text, split=True, text_frontend=text_frontend)):
            prompt = self.frontend.prompt(instruct_text, prompt_wav, zero_shot_spk_id)
            yield from self.model.tts(self.frontend.tokens(text), prompt, hears=False)


class CosyVoice3(CosyVoice2):
    version = 3


def AutoModel(model_dir: str, load_trt: bool = False, fp16: bool = False) -> CosyVoice2:  # noqa: N802
    if Path(model_dir, "cosyvoice2.yaml").exists():
        return CosyVoice2(model_dir, load_trt, fp16)
    if Path(model_dir, "cosyvoice3.yaml").exists():
        return CosyVoice3(model_dir, load_trt, fp16)
    raise TypeError("No valid model type found!")
