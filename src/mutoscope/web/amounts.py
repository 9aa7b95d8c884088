"""Numbers, money and times as people of the language in force write them, by CLDR's rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache

from babel import Locale, dates, numbers

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


def fixed(value: float, digits: int) -> str:
    """A number with exactly so many digits behind the point."""
    return numbers.format_decimal(value, format="0." + "0" * digits if digits else "0", locale=locale())


def day(at: date) -> str:
    """`Nov 14, 2023`."""
    return dates.format_date(at, "medium", locale=locale())


def moment(at: datetime) -> str:
    """`Nov 14, 2023, 22:13`: to the minute, in the zone that it comes with."""
    day = dates.format_date(at, "medium", locale=locale())
    time = dates.format_skeleton("Hm", at, locale=locale())
    return str(locale().datetime_formats["medium"]).replace("{1}", day).replace("{0}", time)


def counted(n: int, unit: str) -> str:
    """`3 days`. unit: `second`, `minute`, `hour`, `day`."""
    return dates.format_timedelta(timedelta(**{f"{unit}s": n}), unit, threshold=float("inf"), locale=locale())  # type: ignore[arg-type]  # one of its words
