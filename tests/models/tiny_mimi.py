"""A Mimi of random weights, in the published folder's layout."""

from pathlib import Path

SIZES = {
    "hidden_size": 32,
    "num_filters": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 64,
    "codebook_dim": 16,
    "codebook_size": 64,
    "vector_quantization_hidden_dimension": 16,
    "upsample_groups": 32,
    "num_quantizers": 12,
}


def make_mimi(folder: Path) -> Path:
    """Write config.json and model.safetensors."""
    import torch
    from transformers import MimiConfig, MimiModel

    torch.manual_seed(0)
    model = MimiModel(MimiConfig(**SIZES))
    with torch.no_grad():
        for name, tensor in model.named_buffers():  # codebooks of zeros would name everything alike
            if name.endswith("embed_sum"):
                tensor.copy_(torch.randn(tensor.shape) * 0.3)
    model.save_pretrained(folder)
    return folder
