"""What the gap between injected and other reals is made of: wrong labels, kinds, brightness, and what is left.

The shares of reals that are found are compared step by step, each step with fewer reals: all that are labelled real;
those that truly are; those of kinds that are injected; those at whose signal to noise and sign there are injections.
The last are compared with injections that are weighted to their kinds, signs and signal to noise. The steps add up to
the gap.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.metrics.curves import ratio
from pipeline.metrics.injection_cells import KINDS, ComparedReals
from pipeline.metrics.poisson_cells import cell_weights
from pipeline.metrics.rates import is_injected
from pipeline.metrics.replicates import resampled_weights
from pipeline.metrics.resampling import Interval, count_groups, interval_of
from pipeline.metrics.sampled_sums import alike
from pipeline.metrics.strata import groups_of
from pipeline.metrics.thresholds import THRESHOLD_RULES

FPR: Final = 0.01
"""The false positive rate at which the shares are compared."""


class FoundOfKind(NamedTuple):
    """Shares found of a kind; the intervals of the differences are over groups.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    injected_as : tuple of str
        The kinds of injections that stand for it; empty: none is injected.
    n_real, n_injected : int
        Labelled reals of the kind, and those injections.
    found_real, found_injected : float
        The shares of them that are found; NaN without any.
    gap : Interval
        Injected less labelled reals.
    matched : Interval
        The same for those that are truly of the kind, with the injections weighted to their sign and signal to noise.
    """

    kind: str
    injected_as: tuple[str, ...]
    n_real: int
    n_injected: int
    found_real: float
    found_injected: float
    gap: Interval
    matched: Interval


@dataclass(frozen=True, kw_only=True)
class InjectionParts:
    """The gap at `FPR` and its parts, which add up to it.

    Attributes
    ----------
    threshold : float
        The score from which a row is called real.
    gap : Interval
        Share found of the injected less that of the labelled reals.
    wrong_labels : Interval
        What the gap loses where only those count that are truly real; no value without a truth.
    kinds_never_injected : Interval
        What it loses where only kinds count that are injected.
    other_mixture : Interval
        What it loses where the injections are weighted to the kinds, signs and signal to noise of the reals.
    left : Interval
        What is left of it then: injected and real sources that should be alike.
    rows : dict of str to int
        Numbers of ``injected`` and ``real`` rows, and of these ``truly_real``, ``of_injected_kinds`` and ``matched``.
    found : dict of str to float
        The shares of the same rows that are found.
    never_injected : tuple of str
        Kinds of reals among the rows for which no injection stands.
    matched_by : str
        The column in which they were matched; empty if there is none.
    kinds : tuple of FoundOfKind
        By kind, those that are among the rows.
    """

    threshold: float
    gap: Interval
    wrong_labels: Interval
    kinds_never_injected: Interval
    other_mixture: Interval
    left: Interval
    rows: dict[str, int]
    found: dict[str, float]
    never_injected: tuple[str, ...]
    matched_by: str
    kinds: tuple[FoundOfKind, ...]


def injection_parts(
    table: pd.DataFrame,
    truth: pd.DataFrame | None = None,
    *,
    replicates: int = 1000,
    level: float = 0.68,
    rng: np.random.Generator,
    binned_above: int | None = None,
) -> InjectionParts | None:
    """Return the parts of the gap; None without bogus, without injected reals or without other reals.

    Parameters
    ----------
    table : DataFrame
        Labelled, scored rows: ``candidate_id label score``; ``kind label_source flux_sign snr magnitude`` and the
        columns of :func:`groups_of` are used if they are there.
    truth : DataFrame, optional
        ``candidate_id kind is_real``: what candidates truly are. A row that it lacks is what its label says.
    replicates, level, rng : int, float, Generator
        As for :func:`pipeline.metrics.bootstrap`. The threshold is that of the sample in all replicates.
    binned_above : int, optional
        Reals above which replicates are Poisson samples of rows that are alike; None: never.
    """
    reals = table[table["label"] == REAL].reset_index(drop=True)
    injected = is_injected(reals)
    if injected.all() or not injected.any() or not (table["label"] == BOGUS).any():
        return None
    threshold = THRESHOLD_RULES["fpr"](table["label"], table["score"], target=FPR)
    rows = ComparedReals.of(reals, threshold, truth)
    groups = groups_of(reals)
    once = _steps(rows, np.ones((1, len(reals))))
    drawn = list(_drawn(rows, groups, replicates, rng, binned_above))

    def interval(name: str, n: int) -> Interval:
        values = np.concatenate([step[name] for step in drawn])
        if not np.isfinite(once[name][0]):
            return Interval.nothing(level, n, count_groups(groups), "no rows to compare")
        return interval_of(float(once[name][0]), values, level, n, count_groups(groups))

    known = interval("wrong_labels", len(reals))
    unknown = Interval.nothing(level, len(reals), count_groups(groups), "no truth table")
    return InjectionParts(
        threshold=threshold,
        gap=interval("gap", len(reals)),
        wrong_labels=unknown if truth is None else known,
        kinds_never_injected=interval("kinds_never_injected", len(reals)),
        other_mixture=interval("other_mixture", len(reals)),
        left=interval("left", len(reals)),
        rows={name: int(mask.sum()) for name, mask in rows.masks.items()},
        found={name: _share(rows.passed, mask) for name, mask in rows.masks.items()},
        never_injected=tuple(kind for kind in KINDS if rows.of_kind(kind).any() and not rows.stand_for(kind).any()),
        matched_by=rows.matched_by,
        kinds=tuple(_of_kind(kind, reals, rows, interval) for kind in KINDS if rows.of_kind(kind).any()),
    )


def _drawn(
    rows: ComparedReals, groups: NDArray[np.str_], replicates: int, rng: np.random.Generator, binned_above: int | None
) -> Iterator[dict[str, NDArray[np.float64]]]:
    """Yield the gap and its parts in blocks of replicates."""
    if binned_above is None or len(groups) <= binned_above:
        for weights in resampled_weights(groups, replicates, rng):
            yield _steps(rows, weights)
        return
    _, names = np.unique(rows.names.astype(str), return_inverse=True)
    columns = [rows.passed, names, *rows.masks.values(), *rows.real_in.T, *rows.injected_in.T]
    first, kind = alike(np.stack(columns, axis=1).astype(float))
    of_kinds = rows.at(first)
    for (weights,) in cell_weights([kind], [len(first)], groups, replicates, rng):
        yield _steps(of_kinds, weights)


def _steps(rows: ComparedReals, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the gap and its parts in each replicate, ``(r,)``, from the weights of the rows, ``(r, n)``."""
    found = {
        name: ratio(weights @ (rows.passed * mask), weights @ mask.astype(float)) for name, mask in rows.masks.items()
    }
    each = {"": np.ones(len(rows.cell_kind), bool)} | {kind: rows.cell_kind == kind for kind in KINDS}
    alike = {name: _weighted(rows, weights, cells) for name, cells in each.items()}
    steps = {
        "gap": found["injected"] - found["real"],
        "wrong_labels": found["truly_real"] - found["real"],
        "kinds_never_injected": found["of_injected_kinds"] - found["truly_real"],
        "left": alike[""][0] - alike[""][1],
    }
    steps["other_mixture"] = steps["gap"] - steps["wrong_labels"] - steps["kinds_never_injected"] - steps["left"]
    for kind in KINDS:
        own, other = rows.stand_for(kind), rows.of_kind(kind)
        steps[f"gap {kind}"] = ratio(weights @ (rows.passed * own), weights @ own.astype(float)) - ratio(
            weights @ (rows.passed * other), weights @ other.astype(float)
        )
        steps[f"matched {kind}"] = alike[kind][0] - alike[kind][1]
    return steps


def _weighted(
    rows: ComparedReals, weights: NDArray[np.float64], cells: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares found of the injections, weighted to the reals of some cells, and of these reals, ``(r,)``."""
    real, injected = rows.real_in[:, cells], rows.injected_in[:, cells]
    of_real, of_injected = weights @ real, weights @ injected
    share = ratio(weights @ (rows.passed[:, None] * injected), of_injected)
    there = np.isfinite(share)
    counted = of_real * there
    total = counted.sum(axis=1)
    found = (weights @ (rows.passed[:, None] * real)) * there
    return ratio((counted * np.where(there, share, 0.0)).sum(axis=1), total), ratio(found.sum(axis=1), total)


def _of_kind(
    kind: str, reals: pd.DataFrame, rows: ComparedReals, interval: Callable[[str, int], Interval]
) -> FoundOfKind:
    own, other = rows.stand_for(kind), rows.of_kind(kind)
    return FoundOfKind(
        kind=kind,
        injected_as=tuple(sorted(set(rows.names[own]))),
        n_real=int(other.sum()),
        n_injected=int(own.sum()),
        found_real=_share(rows.passed, other),
        found_injected=_share(rows.passed, own),
        gap=interval(f"gap {kind}", int(own.sum() + other.sum())),
        matched=interval(f"matched {kind}", len(reals)),
    )


def _share(passed: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    return float(passed[mask].mean()) if mask.any() else float("nan")
