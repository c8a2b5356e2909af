"""The yaml of a model folder, as little of it as upstream's loading needs, with the sizes left open."""

_SHARED = """
sample_rate: 24000
qwen_pretrain_path: ''
allowed_special: all
get_tokenizer: !name:cosyvoice.tokenizer.tokenizer.get_qwen_tokenizer
    token_path: !ref <qwen_pretrain_path>
    skip_special_tokens: True
    version: cosyvoice{version}
feat_extractor: !name:matcha.utils.audio.mel_spectrogram
    n_fft: 1920
    num_mels: 80
    sampling_rate: 24000
    hop_size: 480
    win_size: 1920
    fmin: 0
    fmax: 8000
    center: False
llm: !new:cosyvoice.llm.llm.{language_model}
    llm_input_size: {{hidden}}
    llm_output_size: {{hidden}}
    speech_token_size: 6561
    length_normalized_loss: True
    lsm_weight: 0
    mix_ratio: [5, 15]
    llm: !new:cosyvoice.llm.llm.Qwen2Encoder
        pretrain_path: !ref <qwen_pretrain_path>
    sampling: !name:cosyvoice.utils.common.ras_sampling
        top_p: 0.8
        top_k: 25
        win_size: 10
        tau_r: 0.1
hift: !new:cosyvoice.hifigan.generator.{vocoder}
    in_channels: 80
    base_channels: {{vocoder_channels}}
    nb_harmonics: 8
    sampling_rate: 24000
    nsf_alpha: 0.1
    nsf_sigma: 0.003
    nsf_voiced_threshold: 10
    upsample_rates: [8, 5, 3]
    upsample_kernel_sizes: [16, 11, 7]
    istft_params: {{{{n_fft: 16, hop_len: 4}}}}
    resblock_kernel_sizes: [3, 7, 11]
    resblock_dilation_sizes: [[1, 3, 5], [1, 3, 5], [1, 3, 5]]
    source_resblock_kernel_sizes: [7, 7, 11]
    source_resblock_dilation_sizes: [[1, 3, 5], [1, 3, 5], [1, 3, 5]]
    lrelu_slope: 0.1
    audio_limit: 0.99
    f0_predictor: !new:cosyvoice.hifigan.f0_predictor.{pitch}
        num_class: 1
        in_channels: 80
        cond_channels: 512
flow_decoder: !new:cosyvoice.flow.flow_matching.CausalConditionalCFM
    in_channels: 240
    n_spks: 1
    spk_emb_dim: 80
    cfm_params: !new:omegaconf.DictConfig
        content: {{{{sigma_min: 1e-06, solver: euler, t_scheduler: cosine, training_cfg_rate: 0.2,
                   inference_cfg_rate: 0.7, reg_loss_type: l1}}}}
    estimator: !ref <estimator>
"""

VERSION_2 = """
estimator: !new:cosyvoice.flow.decoder.CausalConditionalDecoder
    in_channels: 320
    out_channels: 80
    channels: [{mel_channels}]
    dropout: 0.0
    attention_head_dim: {mel_head}
    n_blocks: {mel_blocks}
    num_mid_blocks: {mel_middle}
    num_heads: {mel_heads}
    act_fn: gelu
    static_chunk_size: 50
    num_decoding_left_chunks: -1
flow: !new:cosyvoice.flow.flow.CausalMaskedDiffWithXvec
    input_size: 512
    output_size: 80
    spk_embed_dim: 192
    output_type: mel
    vocab_size: 6561
    input_frame_rate: 25
    only_mask_loss: True
    token_mel_ratio: 2
    pre_lookahead_len: 3
    encoder: !new:cosyvoice.transformer.upsample_encoder.UpsampleConformerEncoder
        output_size: 512
        attention_heads: {conformer_heads}
        linear_units: {conformer_units}
        num_blocks: {conformer_blocks}
        input_layer: linear
        pos_enc_layer_type: rel_pos_espnet
        selfattention_layer_type: rel_selfattn
        input_size: 512
        use_cnn_module: False
        macaron_style: False
        static_chunk_size: 25
    decoder: !ref <flow_decoder>
""" + _SHARED.format(version=2, language_model="Qwen2LM", vocoder="HiFTGenerator", pitch="ConvRNNF0Predictor")

VERSION_3 = """
estimator: !new:cosyvoice.flow.DiT.dit.DiT
    dim: 64
    depth: 1
    heads: 2
    dim_head: 32
    ff_mult: 2
    mel_dim: 80
    mu_dim: 80
    spk_dim: 80
    out_channels: 80
    static_chunk_size: 50
    num_decoding_left_chunks: -1
flow: !new:cosyvoice.flow.flow.CausalMaskedDiffWithDiT
    input_size: 80
    output_size: 80
    spk_embed_dim: 192
    output_type: mel
    vocab_size: 6561
    input_frame_rate: 25
    only_mask_loss: True
    token_mel_ratio: 2
    pre_lookahead_len: 3
    pre_lookahead_layer: !new:cosyvoice.transformer.upsample_encoder.PreLookaheadLayer
        in_channels: 80
        channels: 64
        pre_lookahead_len: 3
    decoder: !ref <flow_decoder>
""" + _SHARED.format(
    version=3,
    language_model="CosyVoice3LM",
    vocoder="CausalHiFTGenerator",
    pitch="CausalConvRNNF0Predictor",
)
