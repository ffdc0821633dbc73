"""The threshold that each rule chooses on a sample, and what it gives there."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from pipeline.metrics.definitions import f1_of_counts, mcc_of_counts
from pipeline.metrics.thresholds import THRESHOLD_RULES, Confusion, confusion


def best_thresholds(
    labels: ArrayLike, scores: ArrayLike, arguments: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Return what each rule chooses and gives: `threshold` and the keys of `merits_at`, with the rule's arguments.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 bogus and 1 real, both of which must occur; finite scores, larger for more real.
    arguments : mapping of str to mapping
        Arguments by rule, for rules that are not to take their defaults. A rule without defaults is left out unless
        it is among them.

    Raises
    ------
    InputError
        If a class is absent or an argument is out of range.

    Examples
    --------
    >>> found = best_thresholds([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.8], {"fpr": {"target": 0.5}})
    >>> found["f1_mcc"]["threshold"], found["fpr"]["threshold"], found["fpr"]["fpr"]
    (0.5, 0.25, 0.5)
    """
    found = {}
    for rule in THRESHOLD_RULES:
        given = dict(arguments.get(rule, {}))
        if not given and THRESHOLD_RULES.metadata(rule).get("needs"):
            continue
        threshold = THRESHOLD_RULES[rule](labels, scores, **given)
        found[rule] = {**given, "threshold": threshold, **merits_at(confusion(labels, scores, threshold))}
    return found


def merits_at(counts: Confusion) -> dict[str, float]:
    """Return ``recall fpr precision f1 mcc`` at a threshold, of the mixture of classes of the rows; NaN if undefined.

    Parameters
    ----------
    counts : Confusion
        Of the rows at the threshold.
    """
    true, false = (np.array([float(n)]) for n in (counts.true_positives, counts.false_positives))
    real = np.array([float(counts.true_positives + counts.false_negatives)])
    bogus = np.array([float(counts.false_positives + counts.true_negatives)])
    return {
        "recall": counts.recall,
        "fpr": counts.fpr,
        "precision": counts.precision,
        "f1": float(f1_of_counts(true, false, real)[0]),
        "mcc": float(mcc_of_counts(true, false, real, bogus)[0]),
    }
