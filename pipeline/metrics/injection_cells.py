"""Injected and other reals side by side: what each truly is, and which are alike in kind, sign and brightness.

Tested by tests/pipeline/metrics/test_injection_parts.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.metrics.rates import is_injected

KINDS: Final = ("transient", "mover", "variable")
"""Kinds of reals that are compared; a real of any other kind, or of none, counts as a transient."""

VARIABLE_KINDS: Final = ("variable", "agn")
"""What tables of kinds call variables."""

INJECTED_AS: Final[Mapping[str, tuple[str, ...]]] = {
    "injected_random": ("transient", "mover"),
    "injected_grid": ("transient", "mover"),
    "injected_trail": ("mover",),
    "injected_mover": ("mover",),
    "injected_variable": ("variable",),
}
"""The reals for which a kind of injection stands; any other stands for transients."""

BINS: Final[Mapping[str, tuple[float, ...]]] = {
    "snr": (7.0, 10.0, 15.0, 25.0, 50.0),
    "magnitude": (17.0, 18.0, 19.0, 20.0, 21.0, 22.0),
}
"""The column in which injections are weighted to the reals, the first that is there, and the edges of its bins."""

FEWEST: Final = 5
"""Injections below which a kind, sign and bin is not compared."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparedReals:
    """The reals of a sample: which were found, which count in each step, and which are alike.

    Attributes
    ----------
    passed : ndarray of float64, (n,)
        1 where a row is found, else 0.
    injected : ndarray of bool, (n,)
        Which rows are.
    labelled_kind, names : ndarray of str, (n,)
        One of `KINDS`, and the kind as the rows state it.
    masks : dict of str to ndarray of bool, (n,)
        Which rows are ``injected``, which are not (``real``), and which of these are ``truly_real``,
        ``of_injected_kinds`` and ``matched``.
    real_in, injected_in : ndarray of float64, (n, cell)
        1 where a row is in a cell of kind, sign and brightness; an injection may stand for two kinds.
    cell_kind : ndarray of str, (cell,)
        The kind of each cell.
    matched_by : str
        The column of brightness; empty if there is none.
    """

    passed: NDArray[np.float64]
    injected: NDArray[np.bool_]
    labelled_kind: NDArray[np.object_]
    names: NDArray[np.object_]
    masks: dict[str, NDArray[np.bool_]]
    real_in: NDArray[np.float64]
    injected_in: NDArray[np.float64]
    cell_kind: NDArray[np.object_]
    matched_by: str

    @classmethod
    def of(cls, reals: pd.DataFrame, threshold: float, truth: pd.DataFrame | None) -> Self:
        """Return them of labelled, scored reals; ``truth`` says what these truly are, if anything does."""
        injected, names = is_injected(reals), _text(reals, "kind")
        labelled_kind = _plain(names)
        kind, really = _true(reals, labelled_kind, truth)
        column = next((name for name in BINS if name in reals and reals[name].notna().any()), "")
        others = ~injected & really
        cells = list(_cells(_places(reals, column), others, injected, kind, names))
        none = np.zeros((0, len(reals)), bool)
        real_in = np.stack([cell[1] for cell in cells]) if cells else none
        injected_in = np.stack([cell[2] for cell in cells]) if cells else none
        covered = [one for one in KINDS if (injected & stands_for(names, one)).any()]
        return cls(
            passed=(reals["score"].to_numpy(float) >= threshold).astype(float),
            injected=injected,
            labelled_kind=labelled_kind,
            names=names,
            masks={
                "injected": injected,
                "real": ~injected,
                "truly_real": others,
                "of_injected_kinds": others & np.isin(kind, covered),
                "matched": real_in.sum(axis=0) > 0,
            },
            real_in=real_in.T.astype(float),
            injected_in=injected_in.T.astype(float),
            cell_kind=np.array([cell[0] for cell in cells], dtype=object),
            matched_by=column,
        )

    def at(self, places: NDArray[np.intp]) -> Self:
        """Return some of the rows, by their places."""
        return replace(
            self,
            passed=self.passed[places],
            injected=self.injected[places],
            labelled_kind=self.labelled_kind[places],
            names=self.names[places],
            masks={name: mask[places] for name, mask in self.masks.items()},
            real_in=self.real_in[places],
            injected_in=self.injected_in[places],
        )

    def of_kind(self, kind: str) -> NDArray[np.bool_]:
        """Return which rows are labelled as reals of a kind, without injected ones."""
        return ~self.injected & (self.labelled_kind == kind)

    def stand_for(self, kind: str) -> NDArray[np.bool_]:
        """Return which injections stand for a kind."""
        return self.injected & stands_for(self.names, kind)


def stands_for(names: NDArray[np.object_], kind: str) -> NDArray[np.bool_]:
    """Return for which names of kinds an injection stands for reals of one of `KINDS`."""
    known = {name: kind in INJECTED_AS.get(name, KINDS[:1]) for name in set(names)}
    return np.array([known[name] for name in names], dtype=bool)


def _places(reals: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the sign and the bin of brightness of each row, NaN where one is not known."""
    sign = reals["flux_sign"].to_numpy(float) if "flux_sign" in reals else np.zeros(len(reals))
    value = reals[column].to_numpy(float) if column else np.zeros(len(reals))
    place = np.searchsorted(BINS[column], value) if column else value
    return pd.DataFrame({"sign": sign, "bin": np.where(np.isnan(value), np.nan, place)})


def _cells(
    places: pd.DataFrame,
    others: NDArray[np.bool_],
    injected: NDArray[np.bool_],
    kind: NDArray[np.object_],
    names: NDArray[np.object_],
) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield the kind, the reals and the injections of each cell that has enough of these."""
    known_place = places.notna().all(axis=1).to_numpy()
    where = np.full(len(places), -1)  # a row of no known place is like no other
    where[known_place] = places[known_place].groupby(["sign", "bin"]).ngroup()
    for known in KINDS:
        stand = injected & stands_for(names, known)
        for one in range(where.max(initial=-1) + 1):
            here = where == one
            if (here & stand).sum() >= FEWEST and (here & others & (kind == known)).any():
                yield known, here & others & (kind == known), here & stand


def _true(
    reals: pd.DataFrame, kind: NDArray[np.object_], truth: pd.DataFrame | None
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return what each row truly is, and whether it is real; what its label says where there is no truth."""
    if truth is None or not len(truth):
        return kind, np.ones(len(reals), bool)
    known = truth.drop_duplicates("candidate_id").set_index("candidate_id").reindex(reals["candidate_id"])
    stated = known["is_real"].notna().to_numpy()
    true_kind = _plain(_text(known, "kind"))
    really = np.where(stated, known["is_real"].fillna(1).to_numpy(float) > 0, True)
    return np.where(stated, true_kind, kind), really


def _plain(names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return one of `KINDS` for each name of a kind."""
    variable, mover = np.isin(names, VARIABLE_KINDS), names == "mover"
    return np.where(variable, "variable", np.where(mover, "mover", "transient")).astype(object)


def _text(table: pd.DataFrame, column: str) -> NDArray[np.object_]:
    if column not in table:
        return np.full(len(table), "", dtype=object)
    return table[column].astype(object).where(table[column].notna(), "").astype(str).to_numpy(object)
