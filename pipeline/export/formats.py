"""The formats that can be named after `--to`."""

from pipeline.engine.backends import Entry, Registry

_TOKENIZERS = "pip install 'warmline[tokenizers]'"

FORMATS = Registry(
    "export",
    {
        "blsp-emo": Entry("pipeline.export.blsp_emo", requires=(), install="comes with warmline"),
        "cosyvoice": Entry("pipeline.export.cosyvoice", requires=(), install="comes with warmline"),
        "glm-4-voice": Entry("pipeline.export.glm_4_voice", requires=("tokenizers",), install=_TOKENIZERS),
        "kimi-audio": Entry("pipeline.export.kimi_audio", requires=(), install="comes with warmline"),
        "lhotse": Entry("pipeline.export.lhotse", requires=(), install="comes with warmline"),
        "llama-omni2": Entry("pipeline.export.llama_omni2", requires=("tokenizers",), install=_TOKENIZERS),
        "moshi": Entry("pipeline.export.moshi", requires=(), install="comes with warmline"),
        "ms-swift": Entry("pipeline.export.ms_swift", requires=(), install="comes with warmline"),
        "nemo": Entry("pipeline.export.nemo", requires=(), install="comes with warmline"),
        "openai": Entry("pipeline.export.openai", requires=(), install="comes with warmline"),
        "opens2s": Entry("pipeline.export.opens2s", requires=(), install="comes with warmline"),
        "vita-audio": Entry("pipeline.export.vita_audio", requires=(), install="comes with warmline"),
    },
)
