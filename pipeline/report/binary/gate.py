"""Whether a report lets a classifier go live: each rule of a gate held against the numbers of metrics.json."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import hypot
from typing import Literal, cast

from pipeline.errors import InputError, UnknownNameError
from pipeline.metrics.calibration_merits import OF_PROBABILITIES
from pipeline.metrics.definitions import METRICS
from pipeline.metrics.weak_strata import weak_strata
from pipeline.report.binary.gate_rules import GateRules, MetricLimit
from pipeline.report.binary.numbers import BinaryModel, BinaryNumbers
from pipeline.report.metrics_json import Bounds
from pipeline.report.wording import number, per_cent

Verdict = Literal["pass", "warn", "refuse"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule says of a classifier.

    Attributes
    ----------
    rule : str
        Its key in the file of rules, such as ``metrics.auc``.
    verdict : {"pass", "warn", "refuse"}
        A single ``refuse`` keeps the classifier from going live.
    words : str
        One sentence with the figure and the limit.
    """

    rule: str
    verdict: Verdict
    words: str


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The classifier that serves now: another model of the same report, or that of a report on the same rows.

    Attributes
    ----------
    name : str
        The model's name in its report.
    numbers : BinaryNumbers or None
        Its own report; none: the challenger's has it, and their differences are paired.
    paired : mapping of str to Bounds, or None
        Challenger minus champion by metric, measured row by row; none: not known.
    """

    name: str
    numbers: BinaryNumbers | None = None
    paired: Mapping[str, Bounds] | None = None


def judge(numbers: BinaryNumbers, rules: GateRules, champion: Champion | None = None) -> list[Finding]:
    """Return what each rule says of the classifier of a report, in the order of the rules.

    Parameters
    ----------
    numbers : BinaryNumbers
        Of the challenger's report.
    rules : GateRules
        The limits.
    champion : Champion or None
        What the challenger is compared with; none: it need not be better than anything.

    Raises
    ------
    InputError
        If the champion was judged on other rows.
    UnknownNameError
        If the report has no model of the champion's name.
    """
    model = numbers["models"][numbers["classifier"]]
    found = [*_rows(numbers, rules), *_metrics(model, rules), *_strata(model, rules), *_weak(model, rules)]
    found += [*_gap(numbers, model, rules)]
    if champion is not None:
        found += [*_against(numbers, rules, champion)]
    return found


def may_go_live(findings: list[Finding]) -> bool:
    """Return whether no rule refuses."""
    return all(finding.verdict != "refuse" for finding in findings)


def _rows(numbers: BinaryNumbers, rules: GateRules) -> Iterator[Finding]:
    yield _found("judged_part", numbers["judged_part"] == "test", f"judged on the part {numbers['judged_part']!r}")
    for name, least in (("real", rules.least_real), ("bogus", rules.least_bogus)):
        counted = numbers["counts"][name]  # type: ignore[literal-required]
        yield _found(f"least_{name}", counted >= least, f"{counted} judged {name}; at least {least}")


def _metrics(model: BinaryModel, rules: GateRules) -> Iterator[Finding]:
    for name, limit in rules.metrics.items():
        yield _within(f"metrics.{name}", name, _measured(model, name), limit)


def _measured(model: BinaryModel, name: str) -> Bounds:
    """Return a metric; one of probabilities at the survey's base rate is of the rows weighed to that."""
    calibration = model.get("calibration", {})
    if name in OF_PROBABILITIES and calibration.get("weighed"):
        return calibration["after"][name]
    return model["metrics"][name]


def _within(rule: str, name: str, measured: Bounds, limit: MetricLimit) -> Finding:
    """Return whether a metric, or the worse end of its interval, keeps its limits."""
    title, value = METRICS[name].title, measured["value"]
    if value is None:
        return Finding(rule=rule, verdict="refuse", words=f"{title} has no value: {measured.get('reason', 'no rows')}")
    at_interval = limit.judged_at == "interval"
    low = measured["low"] if at_interval else value
    high = measured["high"] if at_interval else value
    if low is None or high is None:
        return Finding(rule=rule, verdict="refuse", words=f"{title} {_shown(name, value)} has no interval")
    kept = (limit.least is None or low >= limit.least) and (limit.most is None or high <= limit.most)
    asked = [f"at least {_shown(name, limit.least)}"] if limit.least is not None else []
    asked += [f"at most {_shown(name, limit.most)}"] if limit.most is not None else []
    interval = f" ({_shown(name, low)} to {_shown(name, high)})" if at_interval else ""
    return _found(rule, kept, f"{title} {_shown(name, value)}{interval}; {' and '.join(asked)}")


def _strata(model: BinaryModel, rules: GateRules) -> Iterator[Finding]:
    """Yield the strata of enough rows that miss the limits of all strata; one line if none does."""
    least, most = rules.least_recall_of_strata, rules.most_fpr_of_strata
    for rule, rate, of_class, asked in (
        ("least_recall_of_strata", "recall", "real", f"at least {per_cent(least)}"),
        ("most_fpr_of_strata", "fpr", "bogus", f"at most {per_cent(most)}"),
    ):
        large = [row for row in model["strata"] if _count(row, f"n_{of_class}") >= rules.least_rows_of_stratum]
        shares = [(row, _share(row, rate)) for row in large]
        bad = [(row, share) for row, share in shares if (share < least if rate == "recall" else share > most)]
        for row, share in bad:
            words = f"{row['column']} {row['stratum']}: {per_cent(share)} of {_count(row, f'n_{of_class}')} {of_class}"
            yield Finding(rule=rule, verdict="refuse", words=f"{words} called real; {asked}")
        if not bad:
            yield Finding(rule=rule, verdict="pass", words=f"{len(large)} strata of {of_class} judged; {asked}")


def _weak(model: BinaryModel, rules: GateRules) -> Iterator[Finding]:
    if rules.weak_strata == "ignore":
        return
    rates = model["at_threshold"]
    weak = weak_strata(
        model["strata"],
        recall=_number(rates["recall"]["value"]),
        fpr=_number(rates["fpr"]["value"]),
        least_rows=rules.least_rows_of_stratum,
    )
    for one in weak:
        of_class = "reals found" if one.rate == "recall" else "bogus passed"
        words = f"{one.column} {one.stratum}: {per_cent(one.value)} of {one.n} {of_class}, {per_cent(one.whole)} of all"
        yield Finding(rule="weak_strata", verdict=rules.weak_strata, words=f"{words} (p {one.p:.1g} over all strata)")
    if not weak:
        yield Finding(rule="weak_strata", verdict="pass", words="no stratum is worse than the whole beyond chance")


def _gap(numbers: BinaryNumbers, model: BinaryModel, rules: GateRules) -> Iterator[Finding]:
    if rules.injection_gap is None:
        return
    gap, rule = model["injection_gap"]["value"], "injection_gap"
    asked = f"at most {100 * rules.injection_gap:.1f} points"
    if gap is None:
        words = f"not known: {numbers['counts']['injected']} of the judged reals are injected; {asked}"
        yield Finding(rule=rule, verdict="warn", words=words)
    else:
        words = f"of the injected sources {100 * gap:.1f} points more are found than of other reals; {asked}"
        yield _found(rule, gap <= rules.injection_gap, words)


def _against(numbers: BinaryNumbers, rules: GateRules, champion: Champion) -> Iterator[Finding]:
    """Yield how much worse than the champion each metric may be, at the worse end of the difference's interval."""
    differences, kind = _differences(numbers, champion)
    for name, allowed in rules.worse_than_champion.items():
        rule, better = f"worse_than_champion.{name}", METRICS[name].larger_is_better
        measured = differences[name]
        value, worse_end = measured["value"], measured["low" if better else "high"]
        if value is None or worse_end is None:
            yield Finding(rule=rule, verdict="refuse", words=f"no difference from {champion.name!r} is known")
            continue
        worse = -worse_end if better else worse_end
        words = (
            f"{METRICS[name].title} less that of {champion.name!r}: {_shown(name, value, signed=True)}, at worst "
            f"{_shown(name, worse_end, signed=True)} ({kind}); worse by at most {_shown(name, allowed)}"
        )
        yield _found(rule, worse <= allowed, words)


def _differences(numbers: BinaryNumbers, champion: Champion) -> tuple[Mapping[str, Bounds], str]:
    """Return challenger minus champion for each metric, and whether row by row."""
    if champion.paired is not None:
        return champion.paired, "paired"
    if champion.numbers is None:
        if champion.name not in numbers["differences"]:
            raise UnknownNameError("model of this report", champion.name, numbers["differences"])
        return cast("Mapping[str, Bounds]", numbers["differences"][champion.name]["metrics"]), "paired"
    own, other = numbers["counts"].get("rows_sha256"), champion.numbers["counts"].get("rows_sha256")
    if own is None or own != other:
        raise InputError(
            f"the champion {champion.name!r} was judged on {champion.numbers['counts']['judged']} rows that are not "
            f"the {numbers['counts']['judged']} of this report; make a report of both, as by PlotResults --baseline"
        )
    ours = numbers["models"][numbers["classifier"]]["metrics"]
    theirs = champion.numbers["models"][champion.name]["metrics"]
    return {name: _minus(ours[name], theirs[name]) for name in ours if name in theirs}, "unpaired"


def _minus(own: Bounds, other: Bounds) -> Bounds:
    """Return a difference whose interval takes the two as independent, which on the same rows is too wide."""
    ends = (own["value"], own["low"], own["high"], other["value"], other["low"], other["high"])
    if any(end is None for end in ends):
        return {"value": None, "low": None, "high": None}
    value, low, high, their_value, their_low, their_high = cast("tuple[float, ...]", ends)
    difference = value - their_value
    return {
        "value": difference,
        "low": difference - hypot(value - low, their_high - their_value),
        "high": difference + hypot(high - value, their_value - their_low),
    }


def _found(rule: str, kept: bool, words: str) -> Finding:
    return Finding(rule=rule, verdict="pass" if kept else "refuse", words=words)


def _count(row: Mapping[str, object], key: str) -> int:
    return int(cast("float", row[key] or 0))


def _share(row: Mapping[str, object], rate: str) -> float:
    return _number(cast("float | None", row[rate]))


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _shown(name: str, value: float | None, *, signed: bool = False) -> str:
    """Return a metric's value as readers see it: as per cent where the metric is one."""
    sign = "+" if signed and value is not None and value > 0 else ""
    return sign + (per_cent(value) if METRICS[name].unit == "%" else number(value, 4))
