"""Light, weather, looks and living parts: every name of `shots.EFFECTS` and the part that does it.

Read next: `base.py` for what a part may do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mutoscope.engines.parallax.effects import air, film, focus, light, living, looks, swarms
from mutoscope.engines.parallax.effects.base import Part, Place
from mutoscope.engines.parallax.effects.canvas import to_yuv
from mutoscope.engines.parallax.shots import Effect

__all__ = ["SUPPORTED_EFFECTS", "absent", "make", "to_yuv"]

_PARTS: Mapping[str, type[Part]] = {
    "clouds_drift": living.CloudsDrift,
    "water_ripples": living.WaterRipples,
    "foliage_sways": living.FoliageSways,
    "hair_moves": living.HairMoves,
    "cloth_moves": living.ClothMoves,
    "depth_of_field": focus.DepthOfField,
    "rack_focus": focus.RackFocus,
    "night": light.Night,
    "blue_hour": light.BlueHour,
    "golden_hour": light.GoldenHour,
    "neon_flicker": light.NeonFlicker,
    "candle_flicker": light.CandleFlicker,
    "lightning": light.Lightning,
    "fog": air.Fog,
    "mist": air.Mist,
    "sunbeams": light.Sunbeams,
    "lens_flare": light.LensFlare,
    "anamorphic_streak": light.AnamorphicStreak,
    "snow": swarms.Snow,
    "rain": swarms.Rain,
    "dust": swarms.Dust,
    "embers": swarms.Embers,
    "fireflies": swarms.Fireflies,
    "petals": swarms.Petals,
    "leaves": swarms.Leaves,
    "bubbles": swarms.Bubbles,
    "bokeh": swarms.Bokeh,
    "teal_orange": looks.TealOrange,
    "sepia": looks.Sepia,
    "black_and_white": looks.BlackAndWhite,
    "tilt_shift": focus.TiltShift,
    "vhs": film.Vhs,
    "glitch": film.Glitch,
    "old_film": film.OldFilm,
    "film_grain": looks.FilmGrain,
    "vignette": looks.Vignette,
    "letterbox": looks.Letterbox,
}

SUPPORTED_EFFECTS = frozenset(_PARTS)


def make(wanted: Iterable[Effect], place: Place) -> list[Part]:
    """One part per effect, in a fixed order: colours first, then air, light, things, and the film itself."""
    strengths = {effect.name: effect.strength for effect in wanted}
    return [part(place, strengths[name]) for name, part in _PARTS.items() if name in strengths]


def absent(wanted: Iterable[Effect], place: Place) -> dict[str, str]:
    """Effects for which this picture has nothing, and why."""
    found = {effect.name: _PARTS[effect.name](place, effect.strength).absence() for effect in wanted}
    return {name: reason for name, reason in found.items() if reason}
