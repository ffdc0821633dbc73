"""The model card: what a classifier is, what it learned from, how it was judged, where it ends.

Tested by tests/models/packages/test_package.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.packages.calibration_check import CHECK, told
from models.packages.card_limits import known_limits, strata_section
from models.packages.layer_diagram import model_diagram
from models.packages.verdict_limits import verdict_words
from pipeline.classes import GUESSED_SOURCES
from pipeline.scores.outliers import OUTLIERS, outlier_words
from pipeline.scores.verdicts import CONFORMAL

TITLES = {"class": "Class", "label_source": "Label from", "kind": "Kind"}


def model_card(package: Mapping[str, object], keras_file: Path | None = None) -> str:
    """Return the card in Markdown, from the content of ``package.json``.

    Parameters
    ----------
    package : mapping
        As written by :mod:`models.packages.package`.
    keras_file : Path, optional
        Its ``model.keras``, for the diagram of its layers; may be missing.
    """
    told = [_training(package), merits(package)] if package["dataset_fingerprint"] else [_unjudged(package)]
    told += [_precision(package)] if "accuracy" in package else []
    diagram = model_diagram(package, keras_file)
    sections = [_head(package), _input(package), *told, strata_section(package), limits(package), diagram]
    return "\n\n".join(filter(None, sections)) + "\n"


def _head(package: Mapping[str, Any]) -> str:
    size = f", {package['parameters']:,} weights" if package["parameters"] else ""
    return (
        f"# {package['name']}\n\n"
        f"A `{package['classifier']}` classifier{size}, telling {' from '.join(reversed(package['classes']))}"
        f" on cutouts of the survey `{package['input']['survey']}`.\n" + _origin(package)
    )


def _origin(package: Mapping[str, Any]) -> str:
    if not package["dataset_fingerprint"]:
        return (
            "Its weights were imported from an older file; what it learned from is not known, and it is not calibrated."
        )
    return f"Trained with seed {package['seed']} on data set `{package['dataset_fingerprint'][:12]}`."


def _input(package: Mapping[str, Any]) -> str:
    contract = package["input"]
    larger = size_words(contract)
    within = (
        _features(package["external_features"])
        if package["external_features"]
        else f"normalisation `{package['normalisation']['name']}`, {_where_normalised(package)}"
    )
    return (
        "## Input\n\n"
        f"* channels, in this order: {', '.join(contract['channels'])}; "
        f"a row is scored if it has {', '.join(contract['required_channels']) or 'any of them'}\n"
        f"* {larger}; "
        f"{contract['pixel_state']} pixels, NaN where missing\n"
        f"* {within}" + _metadata(package) + f"\n* run by {package['runtime']}"
    )


def size_words(contract: Mapping[str, Any]) -> str:
    """Return in words which sizes of cutouts a model takes, from ``input`` of its ``package.json``."""
    side = f"{contract['size_pixel']} x {contract['size_pixel']} pixels"
    if contract.get("size_pixel_min") is not None:
        least = contract["size_pixel_min"]
        return f"from {least} x {least} pixels on; of larger ones it sees what {side} of its training showed"
    return side + ("; larger ones are cut to their middle" if contract["crop"] else "; other sizes are refused")


def _features(features: Mapping[str, Any]) -> str:
    named = f"features `{features['name']}` revision {features['revision']}"
    if features.get("fwhm_pixel") is None:
        return f"{named}; the FWHM of its images is not known: others are measured as they are"
    return f"{named}, of images with a FWHM of about {features['fwhm_pixel']:.1f} pixels; others are resampled to it"


def _metadata(package: Mapping[str, Any]) -> str:
    if "metadata" not in package:
        return ""
    return f"\n* columns of the candidates: {', '.join(package['metadata']['columns'])}; missing ones are marked"


def _where_normalised(package: Mapping[str, Any]) -> str:
    within = "part of the graph" if package["normalisation"]["in_graph"] else "applied by `Infer` before the graph"
    return within + (", missing pixels 0 before it" if package["normalisation"]["missing"] == "psat" else "")


def _training(package: Mapping[str, Any]) -> str:
    lines = ["## What it learned from", "", "| | train | validation |", "|---|---|---|"]
    train, validation = (package["counts"][part] for part in ("train", "validation"))
    for key, title in TITLES.items():
        for value in sorted({*train[key], *validation[key]}):
            seen = f"{train[key].get(value, 0)} | {validation[key].get(value, 0)}"
            lines.append(f"| {title}: {value or '(none)'} | {seen} |")
    if "learned_rows" in package:
        lines += ["", f"It learned from {package['learned_rows']} of the training rows, of each class its share."]
    doubtful = [source for source in GUESSED_SOURCES if validation["label_source"].get(source)]
    if doubtful:
        said = (
            f"Rows of {', '.join(doubtful)} judged as well: some of their labels are wrong, and all figures with them."
        )
    else:
        said = "Rows labelled by a teacher or drawn as bogus are in no validation count: they never judge."
    lines += ["", said]
    return "\n".join(lines)


def merits(package: Mapping[str, Any]) -> str:
    """Return the section on how a package was judged, from its ``package.json``."""
    folds = package["recipe"].get("calibration_folds", 0)
    of_folds = (
        f"On training and validation rows, each with the logit of one of {folds} further trainings that did not learn "
        "from it; these chose the calibration and the thresholds, the validation rows the epoch. A further training "
        "saw fewer rows, so that figures are rather too bad than too good"
    )
    chosen_on = "On the validation rows, which chose the epoch, the calibration and the thresholds"
    lines = [
        "## How it was judged",
        "",
        f"{of_folds if folds else chosen_on}; the report on the test rows is the honest one.",
        "",
        f"| metric | {'out of fold' if folds else 'validation'} |",
        "|---|---|",
    ]
    lines += [f"| {name} | {value:.4f} |" for name, value in package["metrics"].items() if value is not None]
    calibration = package["calibration"]
    if calibration["method"] != "none":
        lines += ["", f"Scores are calibrated for {_shares(calibration)}."]
    lines += told(package.get(CHECK, {}))
    if package["thresholds"]:
        best = {rule: entry["threshold"] for rule, entry in package.get("best_thresholds", {}).items()}
        named = ", ".join(f"{rule} {value:.4f}" for rule, value in (best or package["thresholds"]).items())
        lines += ["", f"Thresholds: {named}. In use: `{package['threshold_rule']}`."]
    if OUTLIERS in package:
        lines += ["", f"Outliers: {outlier_words(package[OUTLIERS])}"]
    if CONFORMAL in package:
        lines += ["", f"Verdicts: {verdict_words(package[CONFORMAL])}"]
    return "\n".join(lines)


def _precision(package: Mapping[str, Any]) -> str:
    """Return how the merits of lower precision differ from those of float32."""
    accuracy = package["accuracy"]
    (lower,) = accuracy.keys() - {"rows", "largest_difference", "float32"}
    lines = [
        "## Precision",
        "",
        f"Its convolutions compute in {lower}. On the {accuracy['rows']} validation rows that judge, each precision "
        f"with its own calibration, scores differ by at most {accuracy['largest_difference']:.4f}.",
        "",
        f"| metric | float32 | {lower} |",
        "|---|---|---|",
    ]
    both = ((name, accuracy["float32"][name], value) for name, value in accuracy[lower].items())
    lines += [f"| {name} | {before:.4f} | {now:.4f} |" for name, before, now in both if None not in (before, now)]
    return "\n".join(lines)


def _shares(calibration: Mapping[str, Any]) -> str:
    """Return in words which shares of the classes the scores are calibrated for."""
    if not calibration.get("class_shares"):
        if "fitted_prevalence" not in calibration:
            return f"a share of reals of {calibration['prevalence']:.3f}"
        return (
            f"the survey's base rate, a share of reals of {calibration['prevalence']:.4g}, to which they and the "
            f"metrics above were moved from the {calibration['fitted_prevalence']:.3f} of the rows that calibrated them"
        )
    listed = ", ".join(f"{name} {share:.3f}" for name, share in calibration["class_shares"].items())
    return f"rows with these shares of the classes: {listed}"


def _unjudged(package: Mapping[str, Any]) -> str:
    return (
        "## What is not known\n\n"
        "* which candidates it learned from: rows of a report may be among them\n"
        "* how it judges: its scores are no calibrated probabilities, and its threshold of "
        f"{package['thresholds'][package['threshold_rule']]:g} was set by hand; look at a report before you use it"
    )


def limits(package: Mapping[str, Any]) -> str:
    """Return the section on where a package ends, from its ``package.json``."""
    return "\n".join(
        [
            "## Limits\n",
            *(f"* {limit}" for limit in known_limits(package)),
            f"* {_known_artefacts(package)}",
            f"* {_worth_of_a_score(package)}",
            "* A score on injected sources says little about real transients: look at the report by kind.",
            "* Brightness and the neighbourhood are in the pixels: a kind that the training lacks may score low.",
        ]
    )


def _known_artefacts(package: Mapping[str, Any]) -> str:
    if not package["dataset_fingerprint"]:
        return "It knows the artefacts that it was trained on, and nobody can say here which these were."
    survey = package["input"]["survey"]
    return f"It knows the artefacts of the nights and detectors of `{survey}` that it saw; expect less on others."


def _worth_of_a_score(package: Mapping[str, Any]) -> str:
    if package["calibration"]["method"] == "none":
        return "Its score orders candidates and is no probability, for it is not calibrated: use the threshold."
    if package["calibration"].get("class_shares"):
        return "Its probabilities are ones only at the shares of the classes named above; elsewhere correct for them."
    return (
        "Its score is a probability only at the share of reals named above; elsewhere use the thresholds or correct "
        "for the share."
    )
