"""Numbers and caveats of a report in words."""

from collections.abc import Mapping, Sequence

from pipeline.classes import NO_JUDGEMENT_SOURCES
from pipeline.datasets.leakage import BY_TABLE, Separation
from pipeline.metrics import METRICS
from pipeline.report.class_numbers import ClassCounts
from pipeline.report.metrics_json import Bounds, CountNumbers, PsfNumbers, ReportNumbers
from pipeline.scores.unlike_training import unlike_words

NONE = "–"
POINTS = "points"
"""The unit of a difference of two percentages."""

FINE = 0.05
"""Fractions closer to 0 or 1 than a tenth of this get one more decimal."""

MOST_DIGITS = 5
"""The most decimals of a difference."""

FEW_BOGUS = 300
FEW_GROUPS = 30
TELLING_CONTROL = 0.65


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with ``digits`` decimals, or a dash for None."""
    return NONE if value is None else f"{value:.{digits}f}".replace("-", "−")


def per_cent(value: float | None, digits: int | None = None) -> str:
    """Return a fraction in per cent, or a dash for None; by default with more decimals close to 0 and 1."""
    if value is None:
        return NONE
    return f"{100 * value:.{per_cent_digits(value) if digits is None else digits}f} %".replace("-", "−")


def per_cent_digits(value: float) -> int:
    """Return how many decimals a fraction needs in per cent: 12.3 %, but 0.21 %."""
    return 2 if 0 < min(abs(value), abs(1.0 - value)) < FINE / 10 else 1


def number_digits(value: float) -> int:
    """Return how many decimals a figure of merit needs: 0.985, but 0.99967."""
    return 5 if 0 < abs(1.0 - value) < FINE / 10 else 4 if 0 < abs(1.0 - value) < FINE else 3


def count(value: float | None) -> str:
    """Return a count with thin spaces between thousands; an expected number below ten has one decimal."""
    if value is None:
        return NONE
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 10 or value == int(value) else f"{value:.1f}"


def measured(name: str, interval: Bounds) -> dict[str, str]:
    """Return value and interval of a metric in words: ``value``, ``spread`` and ``reason``."""
    return worded(interval, METRICS[name].unit)


def worded(interval: Bounds, unit: str = "%", digits: int = 0) -> dict[str, str]:
    """Return value and interval in words: in per cent, in percentage points, or as plain numbers.

    Parameters
    ----------
    interval : Bounds
        The value, the ends of its interval, and the reason if there is no value.
    unit : str
        ``%`` or `POINTS` for a fraction; empty for a plain number.
    digits : int
        The fewest decimals.

    Returns
    -------
    dict of str to str
        ``value``, ``spread`` (empty if there is no interval) and ``reason`` (empty if there is a value).
    """
    value, low, high = interval["value"], interval["low"], interval["high"]
    if value is None:
        return {"value": NONE, "spread": "", "reason": interval.get("reason", "no value")}
    factor, ending = (1.0, "") if unit == "" else (100.0, f" {unit}")
    digits = max(digits, number_digits(value) if unit == "" else per_cent_digits(value))
    words = [NONE if end is None else number(factor * end, digits) for end in (value, low, high)]
    spread = "" if low is None or high is None else f"{words[1]} to {words[2]}{ending}"
    return {"value": words[0] + ending, "spread": spread, "reason": ""}


def difference(name: str, interval: Bounds) -> dict[str, str]:
    """Return a paired difference in words with its verdict: ``better``, ``worse`` or neither."""
    return paired(interval, METRICS[name].unit, larger_is_better=METRICS[name].larger_is_better)


def paired(interval: Bounds, unit: str, *, larger_is_better: bool) -> dict[str, str]:
    """Return a paired difference of any metric in words with its verdict.

    Parameters
    ----------
    interval : Bounds
        The difference, with the ends of its interval.
    unit : str
        The unit of the metric: ``%`` or empty.
    larger_is_better : bool
        Whether a larger value of the metric is a better one.

    Returns
    -------
    dict of str to str
        As from :func:`worded`, and ``verdict``: ``better``, ``worse``, or empty if the interval has zero in it.
    """
    unit = POINTS if unit else ""
    words = worded(interval, unit, _digits_of_ends(interval, 100.0 if unit else 1.0))
    low, high = interval["low"], interval["high"]
    if interval["value"] is None or low is None or high is None:
        return {**words, "verdict": ""}
    if not words["value"].startswith("−"):
        words["value"] = "+" + words["value"]
    clear = low > 0 or high < 0
    verdict = "" if not clear else "better" if (low > 0) == larger_is_better else "worse"
    return {**words, "verdict": verdict}


def _digits_of_ends(interval: Bounds, factor: float) -> int:
    """Return how many decimals show on which side of zero an interval ends, so that none reads −0.000."""
    ends = [abs(factor * end) for end in (interval["low"], interval["high"]) if end]
    return next((digits for digits in range(1, MOST_DIGITS) if all(round(end, digits) for end in ends)), MOST_DIGITS)


def judged_by_nobody(counts: CountNumbers) -> str:
    """Return a warning if no label of the rows is anyone's verdict; else an empty text."""
    sources = counts["label_sources"]
    if not all(sources.get(name) and NO_JUDGEMENT_SOURCES.issuperset(sources[name]) for name in ("real", "bogus")):
        return ""
    return (
        "Nobody judged these rows: the reals are injected or self-made, and the bogus are self-made or simply what the "
        "search found. The figures say how well these two are told apart, not how well real transients are recognised."
    )


def caveats(numbers: ReportNumbers) -> list[str]:
    """Return what a reader must know before quoting a number, one sentence each, the gravest first."""
    counts, words = numbers["counts"], []
    if numbers["judged_part"] == "train":
        words.append("The classifier was trained on these rows: the figures flatter it and are no test of it.")
    words += [warning] if (warning := judged_by_nobody(counts)) else []
    words += shared_caveats(numbers.get("unlike_training", {}), counts, numbers["separations"])
    if min(counts["real"], counts["bogus"]) == 0:
        words.append(
            f"There are {counts['real']} real and {counts['bogus']} bogus rows: "
            "most metrics need both and have no value."
        )
    elif counts["bogus"] < FEW_BOGUS:
        one = 0.01 * counts["bogus"]
        words.append(
            f"With {counts['bogus']} bogus, a false positive rate of 1 % corresponds to {one:.1f} rows: "
            "quote AUC, MDR at FPR 5 % and FPR at MDR 1 %, with their intervals."
        )
    if counts["judged_groups"] < FEW_GROUPS:
        words.append(f"There are only {counts['judged_groups']} independent groups: the intervals are rough.")
    words += _psfs(numbers) + _balance(numbers) + _controls(numbers) + _sources(counts)
    if counts["not_scored_in_part"]:
        words.append(
            f"{counts['not_scored_in_part']} rows of this part, {counts['labelled_not_scored']} of them labelled, "
            "could not be scored and are not included in any figure."
        )
    return words


def shared_caveats(
    unlike: Mapping[str, Mapping[str, Mapping[str, str | float]]],
    counts: CountNumbers | ClassCounts,
    separations: Sequence[Mapping[str, object] | None],
) -> list[str]:
    """Return what is wrong with the rows themselves, whatever their classes are.

    Parameters
    ----------
    unlike : mapping
        ``unlike_training`` of metrics.json.
    counts : CountNumbers or ClassCounts
        ``counts`` of metrics.json.
    separations : sequence of mapping or None
        ``separations`` of metrics.json.
    """
    return _unlike(unlike) + _learned(counts, unlike) + _overlaps(separations)


def _unlike(unlike_training: Mapping[str, Mapping[str, Mapping[str, str | float]]]) -> list[str]:
    """Return which models scored cutouts of another survey or pixel scale than they learned from."""
    return [
        f"{model}: {unlike_words(unlike)}. The figures are for the cutouts that were scored; its threshold and its "
        "probabilities were set with those that it learned from."
        for model, unlike in unlike_training.items()
    ]


def _learned(
    counts: CountNumbers | ClassCounts, unlike: Mapping[str, Mapping[str, Mapping[str, str | float]]]
) -> list[str]:
    """Return which rows were left out because a model learned from them, and of which rows that cannot be known."""
    words = []
    for model, parts in counts["left_out_learned"].items():
        trained = unlike.get(model, {}).get("survey", {}).get("trained")
        why = (
            f"because candidates of survey {trained} that it learned from have the same ids; if both surveys number "
            "their candidates alike, these may be different ones"
            if trained
            else "because it learned from them"
        )
        words.append(
            f"{model}: {parts['train']} training and {parts['validation']} validation rows were left out {why}."
        )
    unknown = [f"{model} ({count} rows)" for model, count in counts["perhaps_learned"].items()]
    if unknown:
        words.append(
            f"Whether the classifier learned from these rows cannot be known for {', '.join(unknown)}: if it did, the "
            "figures flatter it. Name its package with --packages or its data set with --rows, and such rows are left "
            "out."
        )
    return words


def separated(separations: Sequence[Mapping[str, object] | None]) -> list[str]:
    """Return, for each data set, how its parts were kept from sharing pixels, and what that cost."""
    names = [f"Fold {fold}" for fold in range(len(separations))]
    names = ["Data set"] if len(names) == 1 else names
    stated = zip(names, separations, strict=True)
    return [f"{name}: {Separation.from_facts(facts).words()}." for name, facts in stated if facts]


def _overlaps(separations: Sequence[Mapping[str, object] | None]) -> list[str]:
    """Return for which rows it is not known whether the parts of the data sets share pixels."""
    known = [Separation.from_facts(facts) for facts in separations if facts]
    words = []
    if len(known) < len(separations):
        words.append(
            "The data set does not say whether cutouts of its training rows overlap those of the judged rows: if they "
            "do, the figures flatter the classifier. Build it again with BuildDataset."
        )
    unplaced = sum(one.unplaced for one in known if one.divided_by != BY_TABLE)
    if unplaced:
        words.append(
            f"{unplaced} rows of the data set state neither their position on the sky nor their pixel on an image: it "
            "is not known whether their cutouts overlap those of another part."
        )
    return words


def _psfs(numbers: ReportNumbers) -> list[str]:
    """Return how many PSFs make injected sources unlike real ones, and how many could not be compared with stars."""
    psfs, counts = numbers.get("psfs") or PsfNumbers(), numbers["counts"]
    injected = f"{counts.get('injected', 0)} of the {counts['real']} judged reals are injected"
    words = []
    if not psfs and counts.get("injected", 0):
        words.append(
            f"{injected}, and there is no record of their PSFs: it is not known whether they look like real ones."
        )
    if psfs.get("poor"):
        words.append(
            f"Sources were injected into {psfs['poor']} of {psfs['images']} images with a PSF that puts more than "
            f"{per_cent(psfs['poor_above'], 0)} of a star's light into wrong pixels (the worst "
            f"{per_cent(psfs['worst_residual_fraction'], 0)}, chi² {number(psfs['worst_chi2'], 1)}): a classifier can "
            "tell such sources by their shape, and how well it and the search find them says little about real ones. "
            f"{injected}."
        )
    if psfs.get("without_stars"):
        words.append(
            f"{psfs['without_stars']} of {psfs['images']} images had no stars to compare the PSF of their injected "
            f"sources with: it is not known whether these look like real ones. {injected}."
        )
    return words


def _balance(numbers: ReportNumbers) -> list[str]:
    """Return how the share of reals among the rows differs from that among the survey's candidates."""
    counts, survey = numbers["counts"], numbers["models"][numbers["classifier"]]["survey"]
    if not counts["judged"]:
        return []
    share = counts["real"] / counts["judged"]
    if survey["base_rate"] is None:
        return [
            f"{per_cent(share)} of these rows are real. The survey states no base rate, "
            "so precision, F1 and accuracy hold for this mixture only."
        ]
    return [
        f"{per_cent(share)} of these rows are real, as against {per_cent(survey['base_rate'])} of the survey's "
        "candidates: precision, F1 and accuracy hold for this mixture only, the expected purity holds for the survey."
    ]


def _controls(numbers: ReportNumbers) -> list[str]:
    """Return which columns tell the classes apart without any pixels."""
    telling = {name: auc for name, auc in numbers["column_alone"].items() if auc is not None and auc >= TELLING_CONTROL}
    if not telling:
        return []
    listed = ", ".join(f"{name} {auc:.2f}" for name, auc in sorted(telling.items(), key=lambda entry: -entry[1]))
    return [
        f"Single columns tell the classes apart on their own (AUC: {listed}): the samples of real and bogus differ in "
        "more than their pixels, and the score may partly reflect that."
    ]


def _sources(counts: CountNumbers) -> list[str]:
    """Return by whom or what the rows of each class were labelled."""
    lists = [
        f"{name} by {', '.join(f'{source} ({n})' for source, n in sources.items())}"
        for name, sources in counts["label_sources"].items()
        if sources
    ]
    return [f"Labels: {'; '.join(lists)}. The figures measure agreement with these labels."] if lists else []
