"""The model card of a stack: what it is made of, which rows weighed it, how it was judged, where it ends.

Tested by tests/models/stacks/test_stacking.py.
"""

from collections.abc import Mapping
from typing import Any

from models.packages.card import limits, merits, size_words
from models.packages.card_limits import strata_section
from models.packages.layer_diagram import stack_diagram


def stack_card(package: Mapping[str, Any]) -> str:
    """Return the card in Markdown, from the content of ``package.json``.

    Parameters
    ----------
    package : mapping
        As written by :mod:`models.stacks.package`.
    """
    of_members = [_head(package), _input(package), _members(package), _rows(package)]
    sections = [*of_members, merits(package), strata_section(package), limits(package), stack_diagram(package)]
    return "\n\n".join(filter(None, sections)) + "\n"


def _head(package: Mapping[str, Any]) -> str:
    size = f" with {package['parameters']:,} weights" if package["parameters"] else ""
    return (
        f"# {package['name']}\n\n"
        f"A stack of {len(package['members'])} classifiers{size}, telling {' from '.join(reversed(package['classes']))}"
        f" on cutouts of the survey `{package['input']['survey']}`.\n"
        f"All learned from data set `{package['dataset_fingerprint'][:12]}`; the card of each is in its folder."
    )


def _input(package: Mapping[str, Any]) -> str:
    contract = package["input"]
    larger = size_words(contract)
    return (
        "## Input\n\n"
        f"* channels: {', '.join(contract['channels'])}; a row is scored if every member can score it, for which it "
        f"needs {', '.join(contract['required_channels']) or 'something in each member'}\n"
        f"* {larger}; "
        f"{contract['pixel_state']} pixels, NaN where missing"
    )


def _members(package: Mapping[str, Any]) -> str:
    lines = ["## Members", "", "| folder | package | seed | learned fold | weight |", "|---|---|---|---|---|"]
    lines += [
        f"| {one['folder']} | {one['name']} | {one['seed']} | {one['learned_fold'] or '-'} | {one['weight']:.4f} |"
        for one in package["members"]
    ]
    fitted = package["recipe"]["combine"] == "logistic"
    how = "fitted by a logistic regression without negative weights" if fitted else "stated in the recipe"
    lines += ["", f"The score is of the sum of the members' calibrated logits times these weights, {how}."]
    return "\n".join(lines)


def _rows(package: Mapping[str, Any]) -> str:
    rows = package["combination"]
    counts = ", ".join(f"{count} {name}" for name, count in rows["class"].items())
    sources = ", ".join(f"{count} by {source or '(none)'}" for source, count in rows["label_source"].items())
    lines = [
        "## Which rows weighed it",
        "",
        f"{rows['rows']} rows of the {' and '.join(rows['rows_of'])} part ({counts}; {sources}) gave the weights, the "
        "calibration and the thresholds. No member's weights were learned from the rows by which it was judged, but "
        "the same rows also chose each member's epoch and calibration, so that figures on them are a little too good.",
    ]
    if package["recipe"]["folds"]:
        lines += [
            "",
            f"Each row was judged by the members whose fold of {package['recipe']['folds']} it is in; a new row gets "
            "the mean over all folds. Calibration and thresholds are those of the former scores, which scatter more "
            "than means do, so that probabilities of new rows tend to lie too near the middle.",
        ]
    return "\n".join(lines)
