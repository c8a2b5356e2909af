"""Asks the public code what the tiny tokenizer's codes are: `glm4voice_expected.json`, which the tests compare with.

Needs a checkout of github.com/THUDM/GLM-4-Voice on PYTHONPATH with every `.cuda()` and `device="cuda"` taken out of its
speech_tokenizer/utils.py, and transformers below 4.52, torch and torchaudio. From the root of this tree:

    PYTHONPATH=.:CHECKOUT python -m tests.models.make_glm4voice_expected
"""

import json
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.models.tiny_glm4voice import VARIANTS, clip, make_tokenizer

EXPECTED = Path(__file__).with_name("glm4voice_expected.json")
CLIPS = [(seconds, 16000) for seconds in (0.3, 1.0, 7.3, 29.99, 30.0, 31.0, 61.0)] + [(7.3, 24000), (31.0, 22050)]


def main() -> None:
    """Write the file anew."""
    import torch
    from transformers import WhisperFeatureExtractor

    public = import_module("speech_tokenizer.utils")
    lines = []
    for variant, changed in VARIANTS.items():
        with TemporaryDirectory() as name:
            folder = make_tokenizer(Path(name), changed=changed)
            model, extractor = public.load_quantize_encoder(name), WhisperFeatureExtractor.from_pretrained(folder)
        clips = CLIPS if variant == "as published" else CLIPS[2:3] + CLIPS[5:6]
        for seconds, rate in clips:
            audio = torch.from_numpy(clip(seconds, rate))[None]
            (codes,) = public.extract_speech_token(model, extractor, [(audio, rate)])
            lines.append(json.dumps([variant, seconds, rate, codes]))
    EXPECTED.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
