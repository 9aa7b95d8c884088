"""Numbers, money and times as people of the language in force write them, by CLDR's rules."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from babel import Locale, dates, numbers, units

from mutoscope.web import texts

MOST_DIGITS = 6
"""Of a price: prices are kept in millionths of a dollar."""


@cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag.replace("-", "_"))


def locale() -> Locale:
    """The rules of the language in force."""
    return _locale(texts.language())


def money(usd: float) -> str:
    """US dollars with cents, and with all that is not zero down to a millionth."""
    pattern = locale().currency_formats["standard"].pattern
    digits = "0.00" + "#" * (MOST_DIGITS - 2)
    return numbers.format_currency(
        usd, "USD", format=pattern.replace("0.00", digits), locale=locale(), currency_digits=False
    )


def moment(at: datetime) -> str:
    """`Nov 14, 2023, 22:13`: to the minute, in the zone that it comes with."""
    return dates.format_skeleton("yMMMdHm", at, locale=locale())


def counted(n: int, unit: str) -> str:
    """`3 days`. unit: `second`, `minute`, `hour`, `day`."""
    return units.format_unit(n, unit, "long", locale=locale())
