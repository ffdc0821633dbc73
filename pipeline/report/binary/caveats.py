"""The caveats of a report of real and bogus, from its numbers."""

from pipeline.classes import NO_JUDGEMENT_SOURCES
from pipeline.report.binary.numbers import BinaryCounts, BinaryNumbers, PsfNumbers
from pipeline.report.caveats import of_few_groups, of_rows, of_rows_not_scored, of_sources, of_training_rows
from pipeline.report.wording import number, per_cent

FEW_BOGUS = 300
TELLING_CONTROL = 0.65


def judged_by_nobody(counts: BinaryCounts) -> str:
    """Return a warning if no label of the rows is anyone's verdict; else an empty text."""
    sources = counts["label_sources"]
    if not all(sources.get(name) and NO_JUDGEMENT_SOURCES.issuperset(sources[name]) for name in ("real", "bogus")):
        return ""
    return (
        "Nobody judged these rows: the reals are injected or self-made, and the bogus are self-made or simply what the "
        "search found. The figures say how well these two are told apart, not how well real transients are recognised."
    )


def binary_caveats(numbers: BinaryNumbers) -> list[str]:
    """Return what a reader must know before quoting a number, one sentence each, the gravest first."""
    counts, words = numbers["counts"], of_training_rows(numbers)
    words += [warning] if (warning := judged_by_nobody(counts)) else []
    words += of_rows(numbers, counts) + _unknown_training(numbers)
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
    words += of_few_groups(counts) + _psfs(numbers) + _balance(numbers)
    words += _moved(numbers) + _controls(numbers)
    return words + of_sources(counts) + of_rows_not_scored(counts)


def _unknown_training(numbers: BinaryNumbers) -> list[str]:
    """Return of which models beside the classifier nobody knows what they learned from."""
    return [
        f"The package of {model} does not say what it learned from: if these rows or other images of their objects are "
        f"among it, the figures flatter {model}."
        for model in numbers.get("unknown_training", ())
    ]


def _psfs(numbers: BinaryNumbers) -> list[str]:
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


def _balance(numbers: BinaryNumbers) -> list[str]:
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


def _moved(numbers: BinaryNumbers) -> list[str]:
    """Return that probabilities are for another share of reals than that of the rows."""
    counts, calibration = numbers["counts"], numbers["models"][numbers["classifier"]].get("calibration", {})
    if not calibration.get("weighed") or not counts["judged"]:
        return []
    return [
        f"The scores are calibrated to a share of reals of {per_cent(calibration['prevalence'])}, and "
        f"{per_cent(counts['real'] / counts['judged'])} of these rows are real: calibration error, Brier score and log "
        "loss say how good they are only in the table of calibration, where the rows are weighed to that share."
    ]


def _controls(numbers: BinaryNumbers) -> list[str]:
    """Return which columns tell the classes apart without any pixels."""
    telling = {name: auc for name, auc in numbers["column_alone"].items() if auc is not None and auc >= TELLING_CONTROL}
    if not telling:
        return []
    listed = ", ".join(f"{name} {auc:.2f}" for name, auc in sorted(telling.items(), key=lambda entry: -entry[1]))
    return [
        f"Single columns tell the classes apart on their own (AUC: {listed}): the samples of real and bogus differ in "
        "more than their pixels, and the score may partly reflect that."
    ]
