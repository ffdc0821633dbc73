"""The first screen of a report of real and bogus: four questions, each answered in a sentence or two."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final, Literal, cast

from pipeline.metrics.binning import STRATA
from pipeline.metrics.weak_strata import LEAST_ROWS, WeakStratum, weak_strata
from pipeline.report.binary.gate import Finding, judge, may_go_live
from pipeline.report.binary.gate_rules import GateRules
from pipeline.report.binary.numbers import BinaryModel, BinaryNumbers
from pipeline.report.metrics_json import Bounds
from pipeline.report.wording import count, number, number_digits, per_cent, significant, worded

MOST_NAMED: Final = 6
"""How many weak strata, and how many reasons of a gate, are named; the tables have all."""

SIGNS: Final = {"1": "positive", "-1": "negative", "0": "not known"}
"""What the signs of a difference are called."""

_TOLD: Final[tuple[tuple[Literal["recall", "fpr"], str, str], ...]] = (
    ("recall", "finds", "reals"),
    ("fpr", "calls real", "bogus"),
)
_RATES: Final = {"recall": "of {n} reals found", "fpr": "of {n} bogus called real"}


def gate_numbers(numbers: BinaryNumbers, rules: GateRules, name: str) -> dict[str, object]:
    """Return what the rules of a gate say of a report: ``rules``, ``promote`` and ``findings``.

    Parameters
    ----------
    numbers : BinaryNumbers
        The content of metrics.json.
    rules : GateRules
        The limits.
    name : str
        The name of their file in ``config/gates``.
    """
    findings = judge(numbers, rules)
    return {"rules": name, "promote": may_go_live(findings), "findings": [asdict(one) for one in findings]}


def summary(numbers: BinaryNumbers) -> list[dict[str, str]]:
    """Return question, answer and look (empty, ``good`` or ``bad``) of each line of the first screen.

    Parameters
    ----------
    numbers : BinaryNumbers
        The content of metrics.json.
    """
    lines = [("Trained on", trained_words(numbers.get("trained_on")), "")]
    lines += [("How good", " ".join(_good(numbers)), "")]
    weak, look = _weak(numbers)
    lines += [("What is weak", weak, look), ("May it go live", *_live(numbers))]
    return [{"what": what, "words": words, "look": look} for what, words, look in lines]


def trained_words(trained: Mapping[str, Any] | None) -> str:
    """Return in a sentence what a classifier learned from; None: not known.

    Examples
    --------
    >>> trained_words({"rows": {"bogus": 7000, "real": 1800}, "survey": "ztf", "label_sources": {"eyeball": 8800}})
    '7\u202f000 bogus and 1\u202f800 real of ztf, labelled by eyeball.'
    """
    if not trained:
        return "Not known: the scores name no package that says it."
    rows = " and ".join(f"{count(n)} {name}" for name, n in trained["rows"].items()) or "rows that it does not count"
    words = f"{rows} of {trained['survey']}" if trained.get("survey") else rows
    sources = sorted(trained.get("label_sources", {}).items(), key=lambda entry: -entry[1])
    if sources:
        words += f", labelled by {', '.join(name or 'nobody that is named' for name, _ in sources[:MOST_NAMED])}"
    nights = trained.get("nights")
    if nights:
        span = f"{trained['first_night']} to {trained['last_night']}" if nights > 1 else trained["first_night"]
        words += f", from {count(nights)} night{'s' if nights > 1 else ''} ({span})"
    if trained.get("folds", 1) > 1:
        words += f"; the first of {trained['folds']} folds"
    return f"{words}."


def _good(numbers: BinaryNumbers) -> Iterator[str]:
    model = numbers["models"][numbers["classifier"]]
    at, survey = model["at_threshold"], model["survey"]
    if at["recall"]["value"] is None and at["fpr"]["value"] is None:
        yield "Not known: no row has both a label and a score."
        return
    told = [
        f"{verb} {_with_interval(at[rate])} of the {who}" for rate, verb, who in _TOLD if at[rate]["value"] is not None
    ]
    yield f"At its threshold of {significant(model['threshold'], 6)} {numbers['classifier']} {' and '.join(told)}."
    auc = model["metrics"]["auc"]["value"]
    if auc is not None:
        yield f"AUC {number(auc, number_digits(auc))}."
    called, false = survey.get("called_real_per_night"), survey.get("bogus_among_them")
    if called is not None and false is not None and survey.get("candidates_per_night") is not None:
        yield (
            f"Of the {count(survey['candidates_per_night'])} candidates of a night it calls {count(called)} real, "
            f"{count(false)} of them bogus."
        )
    elif survey.get("expected_purity") is not None:
        yield f"Of what it calls real in the survey, {per_cent(survey['expected_purity'])} is."


def _with_interval(entry: Bounds) -> str:
    words = worded(entry)
    return f"{words['value']} ({words['spread']})" if words["spread"] else words["value"]


def weak_of(model: BinaryModel) -> list[WeakStratum]:
    """Return the strata of a model that are worse than the whole beyond chance, the surest first."""
    recall, fpr = model["at_threshold"]["recall"]["value"], model["at_threshold"]["fpr"]["value"]
    nan = float("nan")
    return weak_strata(model["strata"], recall=nan if recall is None else recall, fpr=nan if fpr is None else fpr)


def _weak(numbers: BinaryNumbers) -> tuple[str, str]:
    model = numbers["models"][numbers["classifier"]]
    largest = max((_rows(row, name) for row in model["strata"] for name in ("real", "bogus")), default=0)
    if largest < LEAST_ROWS:
        return f"Not judged: no stratum has {LEAST_ROWS} rows of a class.", ""
    weak = weak_of(model)
    if not weak:
        return "No stratum is worse than the whole beyond chance (5 % over all strata, Holm).", "good"
    named = [
        f"{_title(one)} ({per_cent(one.value)} {_RATES[one.rate].format(n=count(one.n))}, {per_cent(one.whole)} of all)"
        for one in weak[:MOST_NAMED]
    ]
    more = f"; and {len(weak) - MOST_NAMED} more" if len(weak) > MOST_NAMED else ""
    return f"{'; '.join(named)}{more}. Each is worse than the whole beyond chance (5 % over all strata, Holm).", "bad"


def _rows(row: Mapping[str, object], of_class: str) -> int:
    return int(cast("float", row[f"n_{of_class}"] or 0))


def _title(one: WeakStratum) -> str:
    title = STRATA[one.column].title if one.column in STRATA else one.column
    stratum = SIGNS.get(one.stratum, one.stratum) if one.column == "flux_sign" else one.stratum
    return f"{title.lower()} {stratum}"


def _live(numbers: BinaryNumbers) -> tuple[str, str]:
    gate = numbers.get("gate")
    if gate is None:
        return (
            "Nobody asked: nightsift gate judges this folder, or name rules of config/gates as gate: in the file of "
            "config/reports.",
            "",
        )
    findings = [Finding(**entry) for entry in cast("list[dict[str, Any]]", gate["findings"])]
    refused = [one for one in findings if one.verdict == "refuse"]
    warned = [one for one in findings if one.verdict == "warn"]
    if not refused:
        words = f"Yes: it keeps all rules of gates/{gate['rules']}."
        return (f"{words} Warned of: {_reasons(warned)}." if warned else words), "good"
    return (
        f"No: {len(refused)} of {len(findings)} findings of gates/{gate['rules']} refuse. {_reasons(refused)}.",
        "bad",
    )


def _reasons(findings: list[Finding]) -> str:
    more = f"; and {len(findings) - MOST_NAMED} more" if len(findings) > MOST_NAMED else ""
    return "; ".join(one.words.replace("; ", ", ") for one in findings[:MOST_NAMED]) + more
