"""Pipelines of diffusers with a handful of random weights, built in code and saved as a hub would hold them.

They make noise, but go through every line that the real ones go through. Needs torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLCogVideoX,
    AutoencoderKLHunyuanVideo15,
    AutoencoderKLLTXVideo,
    AutoencoderKLWan,
    CogVideoXDDIMScheduler,
    CogVideoXImageToVideoPipeline,
    CogVideoXTransformer3DModel,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    HunyuanVideo15ImageToVideoPipeline,
    HunyuanVideo15Transformer3DModel,
    LTXPipeline,
    LTXVideoTransformer3DModel,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
)
from diffusers.guiders import ClassifierFreeGuidance
from peft import LoraConfig, get_peft_model_state_dict
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    ByT5Tokenizer,
    CLIPImageProcessorPil,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModel,
    PreTrainedTokenizerFast,
    Qwen2_5_VLTextConfig,
    Qwen2_5_VLTextModel,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
    SiglipVisionModel,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

WORDS = ("<pad>", "</s>", "<unk>", "a", "boat", "on", "the", "sea")


def tokenizer(length: int = 64) -> PreTrainedTokenizerFast:
    """Knows eight words."""
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=length
    )


def t5(*, many_languages: bool = False, vocab_size: int = 8) -> Any:
    """A text encoder of one layer."""
    sizes = {"vocab_size": vocab_size, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    return UMT5EncoderModel(UMT5Config(**sizes)) if many_languages else T5EncoderModel(T5Config(**sizes))


def clip() -> Any:
    """What a CLIP text encoder of one layer is made from."""
    return CLIPTextConfig(
        vocab_size=8,
        hidden_size=16,
        intermediate_size=16,
        projection_dim=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=0,
    )


def ltx() -> Any:
    """Sides are multiples of 32, 8 k + 1 frames."""
    transformer = LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=16,
        num_layers=2,
        caption_channels=16,
    )
    vae = AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(4, 4, 4, 4),
        decoder_block_out_channels=(4, 4, 4, 4),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
    )
    return LTXPipeline(
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=t5(),
        tokenizer=tokenizer(),
    )


def _wan_vae(**changes: Any) -> Any:
    return AutoencoderKLWan(base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, **changes)


def _wan_transformer(channels: int, out: int = 16, **changes: Any) -> Any:
    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels,
        out_channels=out,
        text_dim=16,
        freq_dim=16,
        ffn_dim=16,
        num_layers=2,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=32,
        **changes,
    )


def _wan_shared() -> dict[str, Any]:
    return {
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=3.0),
        "text_encoder": t5(many_languages=True),
        "tokenizer": tokenizer(),
    }


def wan_21() -> Any:
    """With the picture encoder that Wan 2.1 looks at its first frame with."""
    vision = CLIPVisionConfig(
        hidden_size=4,
        projection_dim=4,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        intermediate_size=8,
        patch_size=16,
    )
    return WanImageToVideoPipeline(
        vae=_wan_vae(),
        transformer=_wan_transformer(36, added_kv_proj_dim=24, image_dim=4),
        image_encoder=CLIPVisionModel(vision),
        image_processor=CLIPImageProcessorPil(crop_size=32, size=32),
        **_wan_shared(),
    )


def wan_22() -> Any:
    """Two transformers: one for the noisy steps, one for the rest."""
    return WanImageToVideoPipeline(
        vae=_wan_vae(),
        transformer=_wan_transformer(36),
        transformer_2=_wan_transformer(36),
        boundary_ratio=0.875,
        image_encoder=None,
        image_processor=None,
        **_wan_shared(),
    )


def wan_22_5b() -> Any:
    """One transformer for words and pictures; sides are multiples of 32."""
    vae = _wan_vae(
        in_channels=12,
        out_channels=12,
        is_residual=True,
        patch_size=2,
        decoder_base_dim=3,
        latents_mean=[0.0] * 16,
        latents_std=[1.0] * 16,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
    )
    return WanPipeline(vae=vae, transformer=_wan_transformer(16), expand_timesteps=True, **_wan_shared())


def cogvideox() -> Any:
    """One size only, 16 x 16 px."""
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=8,
        out_channels=4,
        time_embed_dim=2,
        text_embed_dim=16,
        num_layers=1,
        sample_width=2,
        sample_height=2,
        sample_frames=9,
        patch_size=2,
        temporal_compression_ratio=4,
        max_text_seq_length=226,
        use_rotary_positional_embeddings=True,
        use_learned_positional_embeddings=True,
    )
    vae = AutoencoderKLCogVideoX(
        in_channels=3,
        out_channels=3,
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
        temporal_compression_ratio=4,
    )
    return CogVideoXImageToVideoPipeline(
        tokenizer=tokenizer(),
        text_encoder=t5(),
        vae=vae,
        transformer=transformer,
        scheduler=CogVideoXDDIMScheduler(),
    )


def flux() -> Any:
    """Makes pictures; two text encoders."""
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        axes_dims_rope=[4, 4, 8],
    )
    vae = AutoencoderKL(
        sample_size=32,
        block_out_channels=(4,),
        layers_per_block=1,
        latent_channels=1,
        norm_num_groups=1,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.06,
        scaling_factor=1.5,
    )
    return FluxPipeline(
        transformer=transformer,
        text_encoder=CLIPTextModel(clip()),
        text_encoder_2=t5(),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )


def hunyuan_15() -> Any:
    """Chooses its size by the picture's shape; knows no callback and no guidance scale."""
    transformer = HunyuanVideo15Transformer3DModel(
        in_channels=9,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        num_refiner_layers=1,
        mlp_ratio=2.0,
        text_embed_dim=16,
        text_embed_2_dim=16,
        image_embed_dim=12,
        rope_axes_dim=(2, 2, 4),
        target_size=32,
    )
    vae = AutoencoderKLHunyuanVideo15(
        latent_channels=4,
        block_out_channels=(16, 16, 16),
        layers_per_block=1,
        spatial_compression_ratio=4,
        temporal_compression_ratio=4,
        downsample_match_channel=False,
        upsample_match_channel=False,
    )
    words = Qwen2_5_VLTextConfig(
        vocab_size=8,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=2,
        rope_scaling={"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
    )
    vision = SiglipVisionConfig(
        hidden_size=12, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=54, patch_size=2
    )
    chat = tokenizer()
    chat.chat_template = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
    return HunyuanVideo15ImageToVideoPipeline(
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder=Qwen2_5_VLTextModel(words),
        tokenizer=chat,
        text_encoder_2=t5(vocab_size=384),
        tokenizer_2=ByT5Tokenizer(),
        guider=ClassifierFreeGuidance(guidance_scale=1.0),
        image_encoder=SiglipVisionModel(vision),
        feature_extractor=SiglipImageProcessorPil(size={"height": 54, "width": 54}),
    )


def sdxl() -> Any:
    """Makes pictures with a U-Net."""
    unet = UNet2DConditionModel(
        block_out_channels=(4, 8),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 2),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=4,
        transformer_layers_per_block=(1, 1),
        projection_class_embeddings_input_dim=40,
        cross_attention_dim=32,
        norm_num_groups=1,
    )
    vae = AutoencoderKL(block_out_channels=(4, 4, 4, 4), layers_per_block=1, norm_num_groups=1, **SDXL_BLOCKS)
    return StableDiffusionXLPipeline(
        unet=unet,
        vae=vae,
        scheduler=EulerDiscreteScheduler(timestep_spacing="leading"),
        text_encoder=CLIPTextModel(clip()),
        text_encoder_2=CLIPTextModelWithProjection(clip()),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
    )


SDXL_BLOCKS: Mapping[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}

BUILT: Mapping[str, Callable[[], Any]] = {
    "ltx": ltx,
    "wan-2.1": wan_21,
    "wan-2.2": wan_22,
    "wan-2.2-5b": wan_22_5b,
    "cogvideox": cogvideox,
    "hunyuan-video-1.5": hunyuan_15,
    "flux": flux,
    "sdxl": sdxl,
}


def save_lora(folder: Path) -> None:
    """A LoRA for `ltx`, `ltx.safetensors`, strong enough to be seen."""
    pipe = ltx()
    targets = LoraConfig(r=2, lora_alpha=32, target_modules=["to_q", "to_v"], init_lora_weights=False)
    pipe.transformer.add_adapter(targets)
    layers = get_peft_model_state_dict(pipe.transformer)
    LTXPipeline.save_lora_weights(folder, transformer_lora_layers=layers, weight_name="ltx.safetensors")


def save_all(folder: Path) -> dict[str, Path]:
    """Every pipeline in a folder of its own, the same weights each time."""
    folders: dict[str, Path] = {}
    for family, build in BUILT.items():
        torch.manual_seed(7)
        folders[family] = folder / family
        build().save_pretrained(folders[family])
    save_lora(folder / "loras")
    return folders


if __name__ == "__main__":
    import sys

    save_all(Path(sys.argv[1]))
