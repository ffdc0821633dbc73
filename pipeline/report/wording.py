"""Numbers and caveats in words, as the page of a report shows them."""

from collections.abc import Mapping
from typing import Any

from pipeline.classes import NO_JUDGEMENT_SOURCES
from pipeline.datasets.leakage import Separation
from pipeline.metrics import METRICS
from pipeline.scores.unlike_training import UNLIKE, unlike_words

NONE = "–"
POINTS = "points"
"""A difference of two rates given in per cent."""

FINE = 0.05
"""Within a tenth of this from 0 or 1, one more decimal is shown."""

FEW_BOGUS = 300
FEW_GROUPS = 30
TELLING_CONTROL = 0.65


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many decimals, a dash for None."""
    return NONE if value is None else f"{value:.{digits}f}".replace("-", "−")


def per_cent(value: float | None, digits: int | None = None) -> str:
    """Return a fraction as per cent, a dash for None; by default with more decimals close to 0 and 1."""
    if value is None:
        return NONE
    return f"{100 * value:.{per_cent_digits(value) if digits is None else digits}f} %".replace("-", "−")


def per_cent_digits(value: float) -> int:
    """Return how many decimals a fraction needs as per cent: 12.3 %, but 0.21 %."""
    return 2 if 0 < min(abs(value), abs(1.0 - value)) < FINE / 10 else 1


def number_digits(value: float) -> int:
    """Return how many decimals a figure of merit needs: 0.985, but 0.99967."""
    return 5 if 0 < abs(1.0 - value) < FINE / 10 else 4 if 0 < abs(1.0 - value) < FINE else 3


def count(value: float | None) -> str:
    """Return a number of things, with thin spaces between thousands; one decimal below ten."""
    if value is None:
        return NONE
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 10 or value == int(value) else f"{value:.1f}"


def measured(name: str, interval: Mapping[str, object]) -> dict[str, str]:
    """Return value and interval of a metric in words: ``value``, ``spread`` and ``reason``."""
    return worded(interval, METRICS[name].unit)


def worded(interval: Mapping[str, Any], unit: str = "%") -> dict[str, str]:
    """Return value and interval in words, as per cent, or as points of it, or as plain numbers."""
    value, low, high = interval["value"], interval["low"], interval["high"]
    if value is None:
        return {"value": NONE, "spread": "", "reason": str(interval.get("reason", "no value"))}
    factor, ending = (1.0, "") if unit == "" else (100.0, f" {unit}")
    digits = number_digits(value) if unit == "" else per_cent_digits(value)
    words = [NONE if end is None else number(factor * end, digits) for end in (value, low, high)]
    spread = "" if low is None or high is None else f"{words[1]} to {words[2]}{ending}"
    return {"value": words[0] + ending, "spread": spread, "reason": ""}


def difference(name: str, interval: Mapping[str, Any]) -> dict[str, str]:
    """Return a paired difference in words with its verdict: ``better``, ``worse`` or neither."""
    words = worded(interval, POINTS if METRICS[name].unit else "")
    if interval["value"] is None or interval["low"] is None:
        return {**words, "verdict": ""}
    if not words["value"].startswith("−"):
        words["value"] = "+" + words["value"]
    up = METRICS[name].larger_is_better
    clear = interval["low"] > 0 or interval["high"] < 0
    verdict = "" if not clear else "better" if (interval["low"] > 0) == up else "worse"
    return {**words, "verdict": verdict}


def judged_by_nobody(counts: Mapping[str, Any]) -> str:
    """Return what the figures are where each label is a choice of the survey's, and nobody's verdict; else empty."""
    sources = counts["label_sources"]
    if not all(sources.get(name) and NO_JUDGEMENT_SOURCES.issuperset(sources[name]) for name in ("real", "bogus")):
        return ""
    return (
        "Nobody judged these rows: the reals are injected or self-made, and the bogus are what the search found, or "
        "self-made. The figures say how well the two are told apart, and not how well real transients are."
    )


def caveats(numbers: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know before quoting a number, a sentence each, the gravest first."""
    counts, words = numbers["counts"], []
    if numbers["judged_part"] == "train":
        words.append("These are rows that the classifier was trained on: the figures flatter it and judge nothing.")
    words += [said] if (said := judged_by_nobody(counts)) else []
    words += _unlike(numbers) + _learned(numbers) + _overlaps(numbers)
    if min(counts["real"], counts["bogus"]) == 0:
        words.append(
            f"The rows hold {counts['real']} real and {counts['bogus']} bogus: "
            "most metrics need both and have no value."
        )
    elif counts["bogus"] < FEW_BOGUS:
        one = 0.01 * counts["bogus"]
        words.append(
            f"With {counts['bogus']} bogus, a false positive rate of 1 % means {one:.1f} rows: "
            "quote AUC, MDR at FPR 5 % and FPR at MDR 1 %, with their intervals."
        )
    if counts["judged_groups"] < FEW_GROUPS:
        words.append(f"Only {counts['judged_groups']} independent groups: the intervals themselves are rough.")
    words += _psfs(numbers) + _balance(numbers) + _controls(numbers) + _sources(counts)
    if counts["not_scored_in_part"]:
        words.append(
            f"{counts['not_scored_in_part']} rows of this part, {counts['labelled_not_scored']} of them labelled, "
            "could not be scored and are in no figure here."
        )
    return words


def _unlike(numbers: Mapping[str, Any]) -> list[str]:
    """Return which models scored cutouts of another survey or pixel scale than they learned from."""
    return [
        f"{model}: {unlike_words(unlike)}. The figures are those of the cutouts scored; its thresholds and "
        "probabilities were set on the others."
        for model, unlike in numbers.get(UNLIKE, {}).items()
    ]


def _learned(numbers: Mapping[str, Any]) -> list[str]:
    """Return which rows were left out because a model learned from them, and where that cannot be known."""
    counts, words = numbers["counts"], []
    for model, parts in counts["left_out_learned"].items():
        trained = numbers.get(UNLIKE, {}).get(model, {}).get("survey", {}).get("trained")
        why = (
            f"for candidates of survey {trained} that it learned from have their ids; where both surveys number theirs "
            "alike, they may be others"
            if trained
            else "for it learned from them"
        )
        words.append(
            f"{model}: {parts['train']} training and {parts['validation']} validation rows were left out, {why}."
        )
    unknown = [f"{model} ({count} rows)" for model, count in counts["perhaps_learned"].items()]
    if unknown:
        words.append(
            f"Whether the classifier learned from these rows cannot be known for {', '.join(unknown)}: if it did, the "
            "figures flatter it. Name its package with --packages or its data set with --rows: such rows are left out."
        )
    return words


def separated(numbers: Mapping[str, Any]) -> list[str]:
    """Return a sentence a data set that says how its parts were kept from sharing pixels, and what that cost."""
    names = [f"Fold {fold}" for fold in range(len(numbers["separations"]))]
    names = ["Data set"] if len(names) == 1 else names
    said = zip(names, numbers["separations"], strict=True)
    return [f"{name}: {Separation.from_facts(facts).words()}." for name, facts in said if facts]


def _overlaps(numbers: Mapping[str, Any]) -> list[str]:
    """Return what is not known, or lost, where parts of the data sets were to share no pixel."""
    known = [Separation.from_facts(facts) for facts in numbers["separations"] if facts]
    words = []
    if len(known) < len(numbers["separations"]):
        words.append(
            "The data set does not say whether cutouts of its training rows overlap those of the judged rows: where "
            "they do, the figures flatter the classifier. Build it anew with BuildDataset."
        )
    unplaced = sum(one.unplaced for one in known)
    if unplaced:
        words.append(
            f"{unplaced} rows of the data set state neither their place on the sky nor their pixel of an image: "
            "whether their cutouts overlap those of another part is not known."
        )
    return words


def _psfs(numbers: Mapping[str, Any]) -> list[str]:
    """Return by which PSFs injected sources are no stand-ins for real ones, and which nobody could judge."""
    psfs, counts = numbers.get("psfs") or {}, numbers["counts"]
    injected = f"{counts.get('injected', 0)} of the {counts['real']} judged reals are injected"
    words = []
    if not psfs and counts.get("injected", 0):
        words.append(
            f"{injected}, and no record of the PSFs of their sources is at hand: whether these look like real ones is "
            "not known."
        )
    if psfs.get("poor"):
        words.append(
            f"Sources were injected into {psfs['poor']} of {psfs['images']} images with a PSF that puts more than "
            f"{per_cent(psfs['poor_above'], 0)} of a star's light into wrong pixels (the worst "
            f"{per_cent(psfs['worst_residual_fraction'], 0)}, chi² {number(psfs['worst_chi2'], 1)}): a classifier can "
            "tell such sources by their shape, and what it and the search find of them says little of real ones. "
            f"{injected}."
        )
    if psfs.get("without_stars"):
        words.append(
            f"{psfs['without_stars']} of {psfs['images']} images had no star to judge the PSF of their injected "
            f"sources by: whether these look like real ones is not known. {injected}."
        )
    return words


def _balance(numbers: Mapping[str, Any]) -> list[str]:
    counts, survey = numbers["counts"], numbers["models"][numbers["classifier"]]["survey"]
    if not counts["judged"]:
        return []
    share = counts["real"] / counts["judged"]
    if survey["base_rate"] is None:
        return [
            f"{per_cent(share)} of these rows are real. The survey states no base rate, "
            "so precision, F1 and accuracy hold for this mixture alone."
        ]
    return [
        f"{per_cent(share)} of these rows are real, {per_cent(survey['base_rate'])} of the survey's candidates: "
        "precision, F1 and accuracy do not carry over, the expected purity does."
    ]


def _controls(numbers: Mapping[str, Any]) -> list[str]:
    telling = {name: auc for name, auc in numbers["column_alone"].items() if auc is not None and auc >= TELLING_CONTROL}
    if not telling:
        return []
    listed = ", ".join(f"{name} {auc:.2f}" for name, auc in sorted(telling.items(), key=lambda entry: -entry[1]))
    return [
        f"Single columns tell the classes apart by themselves (AUC: {listed}): the samples of real and bogus "
        "differ in more than their pixels, and part of the score may be that."
    ]


def _sources(counts: Mapping[str, Any]) -> list[str]:
    lists = [
        f"{name} by {', '.join(f'{source} ({n})' for source, n in sources.items())}"
        for name, sources in counts["label_sources"].items()
        if sources
    ]
    return [f"Who labelled: {'; '.join(lists)}. The figures are agreement with these labels."] if lists else []
