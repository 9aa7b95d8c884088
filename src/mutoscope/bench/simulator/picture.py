"""A day as an SVG: who waits, above; GPUs paid for and busy, below. Plain text, no program needed to draw it."""

from __future__ import annotations

from html import escape
from typing import Any

from mutoscope.bench.simulator.day import Day

WIDTH_PX, HEIGHT_PX = 960, 520
_LEFT, _RIGHT, _PANEL = 80, 24, 180
_TOPS = (56, 296)
_QUEUE, _PAID, _BUSY, _INK = "#b3541e", "#8aa4b8", "#1f5f8b", "#333333"


def svg(day: Day) -> str:
    """The whole file."""
    alive, busy = day.tables.alive.sum(axis=1), day.tables.busy.sum(axis=1)
    hours = day.scenario.hours
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" role="img"'
        f' font-family="sans-serif" font-size="13" fill="{_INK}">',
        f"<title>{escape(day.scenario.name)}: queue and GPUs over {hours:g} hours</title>",
        f'<rect width="{WIDTH_PX}" height="{HEIGHT_PX}" fill="#ffffff"/>',
        *_panel("requests that wait", _TOPS[0], hours, [(day.tables.queue, _QUEUE, "waiting")]),
        *_panel("GPUs", _TOPS[1], hours, [(alive, _PAID, "paid for"), (busy, _BUSY, "busy")]),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _panel(title: str, top: int, hours: float, lines: list[tuple[Any, str, str]]) -> list[str]:
    most = max(1, *(int(values.max(initial=0)) for values, _, _ in lines))
    bottom, right = top + _PANEL, WIDTH_PX - _RIGHT
    parts = [f'<text x="{_LEFT}" y="{top - 16}" font-weight="bold">{title}</text>']
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * _PANEL
        parts.append(f'<line x1="{_LEFT}" x2="{right}" y1="{y:g}" y2="{y:g}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:g}" text-anchor="end">{share * most:,.4g}</text>')
    for step in range(7):
        x = _LEFT + (right - _LEFT) * step / 6
        parts.append(f'<text x="{x:g}" y="{bottom + 20}" text-anchor="middle">{hours * step / 6:g} h</text>')
    for number, (values, colour, name) in enumerate(lines):
        parts.append(_line(values, most, bottom, right, colour))
        parts.append(f'<text x="{right - 90 * number}" y="{top - 16}" text-anchor="end" fill="{colour}">{name}</text>')
    return parts


def _line(values: Any, most: int, bottom: int, right: int, colour: str) -> str:
    """Of every stretch as wide as a pixel its largest value: a short peak is not lost."""
    wide = right - _LEFT
    count = len(values)
    points = []
    for x in range(wide + 1):
        part = values[x * (count - 1) // wide : (x + 1) * (count - 1) // wide + 1]
        points.append(f"{_LEFT + x},{bottom - int(part.max()) / most * _PANEL:.1f}")
    return f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{" ".join(points)}"/>'
