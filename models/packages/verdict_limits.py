"""The limits of verdicts that a package states, from the logits of the rows that calibrated it.

Tested by tests/models/packages/test_verdict_limits.py.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from models.recipes.conformal_recipe import ConformalRecipe
from pipeline.classes import REAL, are_real_and_bogus
from pipeline.errors import InputError, SettingsError
from pipeline.scores.class_calibration import Calibration, probabilities_of
from pipeline.scores.verdicts import CONFORMAL, VerdictLimits

log = logging.getLogger(__name__)


def stated_limits(
    recipe: ConformalRecipe | None,
    logits: pd.DataFrame,
    calibration: Calibration,
    *,
    threshold: float,
    class_names: Sequence[str],
) -> dict[str, object]:
    """Return what a package says of its verdicts, by its key; nothing where the recipe asks for none.

    Parameters
    ----------
    recipe : ConformalRecipe or None
        What is asked for.
    logits : DataFrame
        ``label`` and ``logit``, before the calibration, of the rows that judge; empty if none are known.
    calibration : Platt or Isotonic
        The calibration.
    threshold : float
        In use; where the limits of the two classes meet, should they cross.
    class_names : sequence of str
        The classes, at the index of their codes.

    Raises
    ------
    SettingsError
        If the classes are not real and bogus.
    """
    if recipe is None:
        return {}
    if not are_real_and_bogus(class_names):
        raise SettingsError(f"{CONFORMAL!r} is set; allowed with the classes {', '.join(class_names)}: none")
    asked = asdict(recipe)
    try:
        if not len(logits):
            raise InputError("nothing is known of validation rows")
        scores = probabilities_of(calibration, logits[["logit"]].to_numpy())[:, REAL]
        limits = VerdictLimits.fit(scores, logits["label"], **asked, threshold=threshold)
    except InputError as fault:
        log.warning("no verdicts: %s", fault)
        return {CONFORMAL: {**asked, "why_none": str(fault)}}
    log.info("verdicts: %s", verdict_words(asdict(limits)))
    return {CONFORMAL: asdict(limits)}


def verdict_words(stated: Mapping[str, object]) -> str:
    """Return in words what a package says of its verdicts, in one sentence.

    Parameters
    ----------
    stated : mapping
        Its key ``conformal``.
    """
    if "why_none" in stated:
        return f"scores have no verdict, because {stated['why_none']}."
    rows = stated["rows"]
    of_whom = "of each class" if stated["promise"] == "class" else "of all rows"
    at = "" if stated["base_rate"] is None else f" at a share of reals of {stated['base_rate']:g}"
    counts = f"from {rows['bogus']} bogus and {rows['real']} real validation rows"  # type: ignore[index]
    promised = f"at most {stated['error']:g} {of_whom} are called the other class{at}, {counts}"
    if stated["crossed"]:
        return (
            f"{promised}; the classifier alone errs less, so that nobody is asked and a score from "
            f"{stated['real_above']:.4f} is real."
        )
    return (
        f"{promised}: a score below {stated['bogus_below']:.4f} is bogus, above {stated['real_above']:.4f} real, and "
        "between them a person is asked."
    )
