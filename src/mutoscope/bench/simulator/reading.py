"""Reads a scenario from a YAML file, with changes from the command line; all problems at once, each with its field.

Every key is in docs/reference/simulator.md. A scenario that was read is sound: every model fits a GPU of some pool,
so every request comes to an end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mutoscope.bench.simulator import trace
from mutoscope.bench.simulator.scenario import (
    ARRIVALS,
    DEFAULT_SITE,
    MOST_GPUS,
    MOST_REQUESTS,
    PRIORITIES,
    RULES,
    SERVICES,
    Account,
    Arrivals,
    Burst,
    Claims,
    Model,
    Pool,
    Scenario,
    Service,
    Site,
    serves,
)
from mutoscope.catalog.reading import Report, Section, read_json, read_yaml
from mutoscope.errors import ConfigError


def load(path: Path, changes: Iterable[str] = ()) -> Scenario:
    """Read a scenario file. changes: `pools.main.max=40`. Raises ConfigError with every problem at once."""
    report = Report(path.name)
    content = read_yaml(path, report)
    for change in changes:
        _change(content, change)
    scenario = None if report.problems else _Reader(report, path.parent).read(content)
    if report.problems or scenario is None:
        raise ConfigError("\n".join(report.problems))
    return scenario


def _change(content: Any, change: str) -> None:
    """Put one value in. Names with dots, as of models, are found as they are."""
    path, equals, text = change.partition("=")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        equals = ""
    if not equals or not path:
        raise ConfigError(f"--set: found {change!r}; a key and a value are accepted, such as pools.main.max=40")
    place, parts = content, path.split(".")
    while len(parts) > 1 and isinstance(place, dict):
        length = next((n for n in range(len(parts) - 1, 0, -1) if ".".join(parts[:n]) in place), 1)
        place = place.setdefault(".".join(parts[:length]), {})
        parts = parts[length:]
    if not isinstance(place, dict):
        raise ConfigError(f"--set: {path}: there is a value in place of a mapping")
    place[".".join(parts)] = value


@dataclass(slots=True)
class _Reader:
    """Reads one file; what is wrong goes into the report and something sound stands in for it."""

    report: Report
    folder: Path

    def read(self, content: Any) -> Scenario:
        known = (
            "name",
            "hours",
            "skip_h",
            "scale_every_s",
            "arrivals",
            "models",
            "accounts",
            "pools",
            "claims",
            "site",
        )
        top = Section(content, known, (), self.report)
        hours = self._above_0(top, "hours", 24.0)
        arrivals = self._arrivals(self._section(top, "arrivals", required=True), hours)
        models = {name: self._model(section) for name, section in self._sections(top, "models").items()}
        accounts = {name: self._account(section) for name, section in self._sections(top, "accounts").items()}
        pools = {name: self._pool(section, models) for name, section in self._sections(top, "pools").items()}
        if arrivals.trace:
            models, accounts = self._of_trace(arrivals.trace, models, accounts)
        self._check_places(models, accounts, pools)
        skip_h = top.number("skip_h", 0.0)
        if skip_h >= hours:
            top.problem("skip_h", f"found {skip_h}; less than hours ({hours}) is accepted")
        return Scenario(
            name=top.text("name", Path(self.report.source).stem),
            hours=hours,
            skip_h=skip_h,
            scale_every_s=self._above_0(top, "scale_every_s", 15.0),
            arrivals=arrivals,
            models=models,
            accounts=accounts or {"everybody": Account(1.0, 1.0, 0, None, None)},
            pools=pools,
            claims=self._claims(self._section(top, "claims")),
            site=self._site(self._section(top, "site")),
        )

    def _section(self, top: Section, key: str, *, required: bool = False) -> Section:
        if required and not top.has(key):
            top.problem(key, "is required")
        return Section(top.raw(key) if top.has(key) else {}, KNOWN[key], (*top.parts, key), self.report)

    def _sections(self, top: Section, key: str) -> dict[str, Section]:
        found: dict[str, Any] = top.take(key, dict, {}, required=key == "pools")
        parts = (*top.parts, key)
        return {name: Section(value, KNOWN[key], (*parts, name), self.report) for name, value in found.items()}

    def _above_0(self, section: Section, key: str, default: float) -> float:
        number = section.number(key, default)
        if number > 0:
            return number
        section.problem(key, f"found {number}; more than 0 is accepted")
        return default or 1.0

    def _limit(self, section: Section, key: str) -> int | None:
        return section.whole(key, 1, at_least=1, at_most=10**9) if section.raw(key) is not None else None

    def _arrivals(self, section: Section, hours: float) -> Arrivals:
        kind = section.choice("kind", ARRIVALS, "poisson", required=True)
        found: list[Any] = section.take("bursts", list, [])
        bursts = []
        for number, value in enumerate(found):
            burst = Section(value, ("at_s", "requests", "over_s"), (*section.parts, "bursts", number), self.report)
            at_s = burst.number("at_s", 0.0)
            if at_s >= hours * 3600:
                burst.problem("at_s", f"found {at_s}; it is after the end ({hours} hours)")
            count = burst.whole("requests", 1, at_least=1, at_most=MOST_REQUESTS)
            bursts.append(Burst(at_s, count, burst.number("over_s", 1.0)))
        factor = section.number("peak_factor", 2.0)
        if not 1 <= factor <= 20:
            section.problem("peak_factor", f"found {factor}; 1 to 20 is accepted")
            factor = 2.0
        recorded = self._trace(section, "trace") if kind == "trace" else None
        if kind != "trace" and not section.has("requests"):
            section.problem("requests", "is required")
        requests = len(recorded.arrival_s) if recorded else 1
        if kind != "trace":
            requests = section.whole("requests", 1, at_least=1, at_most=MOST_REQUESTS)
        return Arrivals(kind, requests, factor, section.number("peak_at_h", 14.0), tuple(bursts), recorded)

    def _trace(self, section: Section, key: str) -> trace.Trace | None:
        name = section.text(key, required=True)
        if not name:
            return None
        try:
            return trace.read(self.folder / name)
        except ConfigError as exc:
            section.problem(key, str(exc))
            return None

    def _model(self, section: Section) -> Model:
        return Model(
            share=section.number("share", 1.0),
            service=self._service(self._section(section, "service", required=True), section.parts[-1]),
            load_s=section.number("load_s", 0.0),
            memory_gb=section.number("memory_gb", 0.0),
            max_running=self._limit(section, "max_running"),
        )

    def _service(self, section: Section, model: Any) -> Service:
        kind = section.choice("kind", SERVICES, "constant", required=True)
        if kind == "trace":
            recorded = self._trace(section, "trace")
            seconds = recorded.runs(str(model)) if recorded else (1.0,)
            if not seconds:
                section.problem("trace", f"holds no completed request of {model!r}")
                seconds = (1.0,)
            return Service(kind, sum(seconds) / len(seconds), 0.0, seconds)
        if not section.has("mean_s"):
            section.problem("mean_s", "is required")
        return Service(kind, self._above_0(section, "mean_s", 1.0), section.number("cv", 0.5))

    def _account(self, section: Section) -> Account:
        return Account(
            share=section.number("share", 1.0),
            weight=self._above_0(section, "weight", 1.0),
            priority=PRIORITIES[section.choice("priority", tuple(PRIORITIES), "normal")],
            max_running=self._limit(section, "max_running"),
            max_queued=self._limit(section, "max_queued"),
        )

    def _pool(self, section: Section, models: Mapping[str, Model]) -> Pool:
        named = section.names("models")
        memory_gb = self._above_0(section, "memory_gb", 80.0)
        for name in named:
            if models and name not in models:
                section.problem("models", f"found {name!r}; there are {', '.join(models)}")
            elif name in models and models[name].memory_gb > memory_gb:
                section.problem("models", f"{name!r} needs {models[name].memory_gb} GB; these GPUs have {memory_gb}")
        rule = section.choice("rule", RULES, "fixed")
        most = section.whole("max", 1, at_least=1, at_most=MOST_GPUS)
        if not section.has("max"):
            section.problem("max", "is required")
        least = section.whole("min", most if rule == "fixed" else 0, at_least=0, at_most=MOST_GPUS)
        if least > most or (rule == "fixed" and least != most):
            limit = "`max` itself, since the rule is fixed," if rule == "fixed" else f"0 to max ({most})"
            section.problem("min", f"found {least}; {limit} is accepted")
        return Pool(
            memory_gb=memory_gb,
            price_usd_per_h=section.number("price_usd_per_h", 0.0),
            models=named,
            least=min(least, most),
            most=most,
            rule=rule,
            target=self._above_0(section, "target", 1.0 if rule == "per_gpu" else 30.0),
            start_s=section.number("start_s", 0.0),
            keep_warm_s=section.number("keep_warm_s", 300.0),
            lost_per_day=section.number("lost_per_day", 0.0),
        )

    def _claims(self, section: Section) -> Claims:
        lease_s, beat_s = self._above_0(section, "lease_s", 10.0), self._above_0(section, "beat_s", 3.0)
        if beat_s >= lease_s:
            section.problem("beat_s", f"found {beat_s}; less than lease_s ({lease_s}) is accepted")
        error_share = section.number("error_share", 0.0)
        if error_share > 1:
            section.problem("error_share", f"found {error_share}; 0 to 1 is accepted")
        return Claims(
            warm_wait_s=section.number("warm_wait_s", 2.0),
            lease_s=lease_s,
            beat_s=beat_s,
            error_share=error_share,
            max_attempts=section.whole("max_attempts", 3, at_least=1, at_most=100),
            retry_delay_s=section.number("retry_delay_s", 1.0),
        )

    def _site(self, section: Section) -> Site:
        known = dict(DEFAULT_SITE)
        name = section.text("measured")
        if name:
            known |= self._measured(section, name)
        rates = ("submits_per_s", "reads_per_s", "inserts_per_s", "cycles_per_s", "beats_per_s")
        values = {key: section.number(key, default) for key, default in known.items()}
        for key in rates:
            values[key] = self._above_0(section, key, known[key])
        return Site(**values)

    def _measured(self, section: Section, name: str) -> dict[str, float]:
        try:
            found = read_json(self.folder / name)
        except ConfigError as exc:
            section.problem("measured", str(exc))
            return {}
        site = Section(
            found.get("site") if isinstance(found, dict) else found, tuple(DEFAULT_SITE), (name, "site"), self.report
        )
        return {key: site.number(key, default) for key, default in DEFAULT_SITE.items() if site.has(key)}

    def _of_trace(
        self, recorded: trace.Trace, models: Mapping[str, Model], accounts: Mapping[str, Account]
    ) -> tuple[dict[str, Model], dict[str, Account]]:
        """Models and accounts of a trace are there without being named, with its run times."""
        every = dict(models)
        for name in recorded.models:
            if name not in every:
                seconds = recorded.runs(name) or (1.0,)
                if not recorded.runs(name):
                    told = f"the trace holds no completed request of {name!r}; give it a service under models"
                    self.report.add(("arrivals", "trace"), told)
                every[name] = Model(1.0, Service("trace", sum(seconds) / len(seconds), 0.0, seconds), 0.0, 0.0, None)
        everybody = dict(accounts)
        for name in recorded.accounts:
            everybody.setdefault(name, Account(1.0, 1.0, 0, None, None))
        return every, everybody

    def _check_places(
        self, models: Mapping[str, Model], accounts: Mapping[str, Account], pools: Mapping[str, Pool]
    ) -> None:
        if not models:
            self.report.add(("models",), "is required: at least one model")
        if accounts and not any(account.share > 0 for account in accounts.values()):
            self.report.add(("accounts",), "need one with a share above 0")
        if sum(pool.most for pool in pools.values()) > MOST_GPUS:
            self.report.add(("pools",), f"have more than {MOST_GPUS} GPUs together")
        if models and not any(model.share > 0 for model in models.values()):
            self.report.add(("models",), "need one with a share above 0")
        for name, model in models.items():
            if not any(serves(pool, name, model) for pool in pools.values()):
                self.report.add(("models", name), f"no pool serves it: it needs {model.memory_gb} GB")


TOP = ("name", "hours", "skip_h", "scale_every_s", "arrivals", "models", "accounts", "pools", "claims", "site")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "arrivals": ("kind", "requests", "peak_factor", "peak_at_h", "bursts", "trace"),
    "models": ("share", "service", "load_s", "memory_gb", "max_running"),
    "service": ("kind", "mean_s", "cv", "trace"),
    "accounts": ("share", "weight", "priority", "max_running", "max_queued"),
    "pools": (
        "memory_gb", "price_usd_per_h", "models", "min", "max", "rule", "target", "start_s", "keep_warm_s",
        "lost_per_day",
    ),
    "claims": ("warm_wait_s", "lease_s", "beat_s", "error_share", "max_attempts", "retry_delay_s"),
    "site": ("measured", *DEFAULT_SITE),
}  # fmt: skip
