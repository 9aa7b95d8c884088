"""What is known of each family of models: classes, legal lengths and sizes, and what diffusers calls things.

A row is what the family's authors trained it for; a manifest may set `max_area_px`, `max_frames` and `fps` otherwise.
Adding a family is one row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Produces = Literal["video", "image"]


@dataclass(frozen=True, slots=True)
class Family:
    """One row.

    text, image    diffusers' class for a request without a picture, and with one; "" where there is none.
    frames_step    a legal number of frames is a multiple of it, plus 1; 1: any number. 0: a picture.
    max_frames     the longest clip it was trained for.
    fps            frames per second it was trained for.
    is_paced       it is told the frame rate and makes any; else it only knows its own.
    multiple_px    sides are multiples of it.
    max_area_px    width x height at most.
    is_fixed       it makes one size only, which its configuration names.
    takes_size     whether its pipeline for a picture can be told a size; else the picture decides.
    crops          pictures are cropped to the output's shape; else they are only references.
    is_both        the same weights make it from words alone and from a picture; else the folder says which.
    takes_many     more than one picture at a time.
    takes_prompt   False for a family that only looks at the picture.
    steps, guidance  usual values; None: the pipeline's own.
    names          what the pipeline calls a parameter of ours, where it calls it otherwise.
    """

    text: str = ""
    image: str = ""
    frames_step: int = 0
    max_frames: int = 1
    fps: float = 24.0
    is_paced: bool = False
    multiple_px: int = 16
    max_area_px: int = 1024 * 1024
    is_fixed: bool = False
    takes_size: bool = True
    crops: bool = True
    is_both: bool = False
    takes_many: bool = False
    takes_prompt: bool = True
    steps: int | None = None
    guidance: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def produces(self) -> Produces:
        return "video" if self.frames_step else "image"


FAMILIES: Mapping[str, Family] = {
    "ltx": Family(
        "LTXPipeline",
        "LTXImageToVideoPipeline",
        is_both=True,
        frames_step=8,
        max_frames=257,
        fps=24,
        is_paced=True,
        multiple_px=32,
        max_area_px=1216 * 704,
        steps=40,
        guidance=3.0,
        names={"fps": "frame_rate"},
    ),
    "ltx-2": Family(
        "LTX2Pipeline",
        "LTX2ImageToVideoPipeline",
        is_both=True,
        frames_step=8,
        max_frames=241,
        fps=24,
        is_paced=True,
        multiple_px=32,
        max_area_px=1280 * 704,
        steps=30,
        names={"fps": "frame_rate"},
    ),
    "wan-2.1": Family(
        "WanPipeline",
        "WanImageToVideoPipeline",
        frames_step=4,
        max_frames=81,
        fps=16,
        max_area_px=832 * 480,
        steps=50,
        guidance=5.0,
    ),
    "wan-2.2": Family(
        "WanPipeline",
        "WanImageToVideoPipeline",
        frames_step=4,
        max_frames=81,
        fps=16,
        max_area_px=1280 * 720,
        steps=40,
        guidance=3.5,
    ),
    "wan-2.2-5b": Family(
        "WanPipeline",
        "WanImageToVideoPipeline",
        is_both=True,
        frames_step=4,
        max_frames=121,
        fps=24,
        multiple_px=32,
        max_area_px=1280 * 704,
        steps=50,
        guidance=5.0,
    ),
    "cogvideox": Family(
        "CogVideoXPipeline",
        "CogVideoXImageToVideoPipeline",
        frames_step=4,
        max_frames=49,
        fps=8,
        max_area_px=720 * 480,
        is_fixed=True,
        steps=50,
        guidance=6.0,
    ),
    "cogvideox-1.5": Family(
        "CogVideoXPipeline",
        "CogVideoXImageToVideoPipeline",
        frames_step=16,
        max_frames=161,
        fps=16,
        max_area_px=1360 * 768,
        steps=50,
        guidance=6.0,
    ),
    "hunyuan-video": Family(
        "HunyuanVideoPipeline",
        "HunyuanVideoImageToVideoPipeline",
        frames_step=4,
        max_frames=129,
        fps=24,
        max_area_px=1280 * 720,
        steps=50,
    ),
    "hunyuan-video-1.5": Family(
        "HunyuanVideo15Pipeline",
        "HunyuanVideo15ImageToVideoPipeline",
        frames_step=4,
        max_frames=121,
        fps=24,
        max_area_px=848 * 480,
        takes_size=False,
        steps=50,
    ),
    "kandinsky-5": Family(
        "Kandinsky5T2VPipeline",
        "Kandinsky5I2VPipeline",
        frames_step=4,
        max_frames=121,
        fps=24,
        max_area_px=768 * 512,
        steps=50,
        guidance=5.0,
    ),
    "skyreels-1": Family(
        "HunyuanVideoPipeline",
        "HunyuanSkyreelsImageToVideoPipeline",
        frames_step=4,
        max_frames=97,
        fps=24,
        max_area_px=960 * 544,
        steps=50,
        names={"guidance_scale": "true_cfg_scale"},
    ),
    "skyreels-2": Family(
        "SkyReelsV2Pipeline",
        "SkyReelsV2ImageToVideoPipeline",
        frames_step=4,
        max_frames=97,
        fps=24,
        max_area_px=960 * 544,
        steps=50,
    ),
    "mochi": Family(
        "MochiPipeline",
        frames_step=6,
        max_frames=163,
        fps=30,
        max_area_px=848 * 480,
        steps=64,
        guidance=4.5,
    ),
    "svd": Family(
        image="StableVideoDiffusionPipeline",
        frames_step=1,
        max_frames=25,
        fps=7,
        is_paced=True,
        multiple_px=64,
        max_area_px=1024 * 576,
        takes_prompt=False,
        steps=25,
        names={"guidance_scale": "max_guidance_scale"},
    ),
    "i2vgen-xl": Family(
        image="I2VGenXLPipeline",
        frames_step=1,
        max_frames=16,
        fps=16,
        is_paced=True,
        multiple_px=64,
        max_area_px=1280 * 704,
        steps=50,
        guidance=9.0,
        names={"fps": "target_fps"},
    ),
    "flux": Family("FluxPipeline", "FluxImg2ImgPipeline", is_both=True, guidance=3.5, steps=28),
    "flux-kontext": Family(
        "FluxKontextPipeline", "FluxKontextPipeline", is_both=True, crops=False, guidance=3.5, steps=28
    ),
    "flux-2": Family(
        "Flux2Pipeline",
        "Flux2Pipeline",
        is_both=True,
        crops=False,
        takes_many=True,
        max_area_px=2048 * 2048,
        guidance=4.0,
        steps=50,
    ),
    "flux-2-klein": Family(
        "Flux2KleinPipeline",
        "Flux2KleinPipeline",
        is_both=True,
        crops=False,
        takes_many=True,
        max_area_px=2048 * 2048,
        guidance=4.0,
        steps=50,
    ),
    "qwen-image": Family(
        "QwenImagePipeline",
        "QwenImageImg2ImgPipeline",
        is_both=True,
        max_area_px=1664 * 928,
        guidance=4.0,
        steps=50,
        names={"guidance_scale": "true_cfg_scale"},
    ),
    "qwen-image-edit": Family(
        image="QwenImageEditPipeline",
        crops=False,
        guidance=4.0,
        steps=50,
        names={"guidance_scale": "true_cfg_scale"},
    ),
    "qwen-image-edit-plus": Family(
        image="QwenImageEditPlusPipeline",
        crops=False,
        takes_many=True,
        guidance=4.0,
        steps=40,
        names={"guidance_scale": "true_cfg_scale"},
    ),
    "z-image": Family("ZImagePipeline", "ZImageImg2ImgPipeline", is_both=True, guidance=5.0, steps=50),
    "sd-3.5": Family(
        "StableDiffusion3Pipeline", "StableDiffusion3Img2ImgPipeline", is_both=True, guidance=4.5, steps=28
    ),
    "sdxl": Family(
        "StableDiffusionXLPipeline",
        "StableDiffusionXLImg2ImgPipeline",
        is_both=True,
        multiple_px=8,
        guidance=5.0,
        steps=40,
    ),
}
