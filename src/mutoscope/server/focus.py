"""Usage in the columns of FOCUS 1.2, the FinOps Open Cost and Usage Specification (https://focus.finops.org).

One row for each request that was charged. All columns of the specification are there; those that this server has
nothing for (discounts, regions, reservations) are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mutoscope.store.usage import Usage

VERSION = "1.2"
COLUMNS = (
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType",
    "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "CapacityReservationId",
    "CapacityReservationStatus", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
    "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId",
    "CommitmentDiscountName", "CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType",
    "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice",
    "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory",
    "PricingCurrency", "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId",
    "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName",
    "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName",
    "SubAccountType", "Tags",
)  # fmt: skip
OURS = "Mutoscope"
CURRENCY = "USD"
UNITS: Mapping[str, tuple[str, str]] = {"second": ("Seconds", "Output length"), "output": ("Outputs", "Output count")}
"""PricingUnit and SkuMeter for the units of our prices."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose usage it is. keys: names of the account's keys by id."""

    account_id: str
    account_name: str
    keys: Mapping[str, str]


def row(used: Usage, payer: Payer) -> list[object]:
    """One charged request, in the order of COLUMNS."""
    cost, quantity = Decimal(used.cost_microusd) / 1_000_000, Decimal(repr(used.quantity))
    price, (unit, meter) = unit_price(cost, quantity), UNITS[used.unit]
    hour = datetime.fromtimestamp(used.created_ms / 1000, UTC).replace(minute=0, second=0, microsecond=0)
    month = hour.replace(day=1, hour=0)
    told: dict[str, object] = {
        **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), _plain(cost)),
        "PricingCurrencyEffectiveCost": _plain(cost),
        **dict.fromkeys(("ContractedUnitPrice", "ListUnitPrice"), _plain(price)),
        **dict.fromkeys(("PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice"), _plain(price)),
        **dict.fromkeys(("ConsumedQuantity", "PricingQuantity"), _plain(quantity)),
        **dict.fromkeys(("ConsumedUnit", "PricingUnit"), unit),
        **dict.fromkeys(("BillingCurrency", "PricingCurrency"), CURRENCY),
        **dict.fromkeys(("InvoiceIssuerName", "ProviderName", "PublisherName", "ServiceName"), OURS),
        "BillingAccountId": payer.account_id,
        "BillingAccountName": payer.account_name,
        "BillingAccountType": "Account",
        "BillingPeriodStart": _instant(month),
        "BillingPeriodEnd": _instant((month + timedelta(days=32)).replace(day=1)),
        "ChargePeriodStart": _instant(hour),
        "ChargePeriodEnd": _instant(hour + timedelta(hours=1)),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{used.model_id}, {_plain(quantity)} {unit.lower()}",
        "ChargeFrequency": "Usage-Based",
        "PricingCategory": "Standard",
        "ResourceId": used.request_id,
        "ResourceType": "Request",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "SkuId": used.model_id,
        "SkuMeter": meter,
        "SkuPriceId": f"{used.model_id}:{used.unit}",
        "SubAccountId": used.key_id,
        "SubAccountName": payer.keys.get(used.key_id),
        "SubAccountType": "API key",
    }
    return [told.get(name) for name in COLUMNS]


def unit_price(cost: Decimal, quantity: Decimal) -> Decimal:
    """The shortest price that makes this cost of this quantity, to the millionth of a dollar; 0 for nothing."""
    if not cost or not quantity:
        return Decimal(0)
    exact = cost / quantity
    for digits in range(13):
        short = round(exact, digits)
        if round(short * quantity, 6) == cost:
            return short
    return exact


def _plain(number: Decimal) -> str:
    """Without an exponent and without zeros at the end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
