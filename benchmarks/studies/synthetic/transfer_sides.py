"""Both surveys as data sets in five folds that a classifier may be trained or judged on."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.studies.artefacts.rows import Alerts, divided
from benchmarks.studies.synthetic.compared_samples import Sample
from benchmarks.studies.synthetic.made_rows import MadeRows
from benchmarks.studies.synthetic.recipe_fits import in_parts
from pipeline.classes import GUESSED_SOURCES, INJECTED, PARTS, SELF_MADE

FOLDS = 5
_MADE = (SELF_MADE, INJECTED)


@dataclass(frozen=True, kw_only=True)
class Side:
    """One way to train on a survey.

    Attributes
    ----------
    name, survey : str
    pixels : ndarray of float32, (n, y, x, 3)
        Differences positive where the flux changed.
    folds : list of DataFrame
        ``row label label_source group_id split`` of each fold; ``row`` counts in ``pixels``.
    kind : ndarray of str, (n,)
        What each row is.
    teaches : ndarray of bool, (n,)
        Rows that may train; those of the test parts are judged all the same.
    """

    name: str
    survey: str
    pixels: NDArray[np.float32]
    folds: list[pd.DataFrame]
    kind: NDArray[np.str_]
    teaches: NDArray[np.bool_]

    def parts(self, fold: int) -> dict[str, pd.DataFrame]:
        """Return the rows of the parts of a fold, without those that must not teach."""
        parts = in_parts(self.folds[fold])
        return {name: rows if name == "test" else self._teaching(rows) for name, rows in parts.items()}

    def whole(self) -> dict[str, pd.DataFrame]:
        """Return all rows that teach as the training part, the trusted ones among them as the validation part too."""
        rows = self._teaching(pd.concat(self.folds).drop_duplicates("row"))
        trusted = rows[~rows["label_source"].isin([*GUESSED_SOURCES, *_MADE])].reset_index(drop=True)
        return {"train": rows, "validation": trusted, "test": rows[:0]}

    def judged(self) -> pd.DataFrame:
        """Return the rows that are judged, each in one fold, with their ``kind``, in order of ``row``."""
        rows = pd.concat([in_parts(fold)["test"] for fold in self.folds]).sort_values("row", ignore_index=True)
        return rows.assign(kind=self.kind[rows["row"]])

    def _teaching(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[self.teaches[rows["row"]]].reset_index(drop=True)


def synthetic_sides(sample: Sample, passing: NDArray[np.bool_]) -> list[Side]:
    """Return the synthetic candidates, all of them and those that pass ZTF's cuts, in folds over places."""
    table = sample.rows
    _, number = np.unique(table["group"], return_inverse=True)
    shuffled = np.random.default_rng(1).permutation(number.max() + 1)[number]
    rows = pd.DataFrame({"row": np.arange(len(table)), "label": table["label"], "label_source": "truth",
                         "group_id": table["group"]})  # fmt: skip
    folds = []
    for fold in range(FOLDS):
        other = (shuffled // FOLDS) % FOLDS == fold
        split = np.where(shuffled % FOLDS == fold, PARTS["test"], np.where(other, PARTS["validation"], PARTS["train"]))
        folds.append(rows.assign(split=split))
    every = Side(name="synthetic", survey="synthetic", pixels=sample.turned, folds=folds,
                 kind=table["kind"].to_numpy(str), teaches=np.ones(len(table), dtype=bool))  # fmt: skip
    return [every, replace(every, name="synthetic, cut", teaches=passing)]


def ztf_sides(alerts: Alerts, made_rows: MadeRows, eye: pd.DataFrame) -> list[Side]:
    """Return the alerts with their labels alone, and as the usual recipe trains on them."""
    folds = [divided(alerts, made_rows.slots, made_rows.hosts, fold) for fold in range(FOLDS)]
    folds = [fold.assign(label_source=fold["label_source"].astype(str)) for fold in folds]
    source = alerts.rows["label_source"].astype(str)
    seen = alerts.rows["candidate_id"].astype(str).map(eye.set_index("name")["kind"])
    kind = np.concatenate([seen.fillna(source).to_numpy(str), np.full(len(made_rows.pixels), "made")])
    labelled = np.zeros(len(kind), dtype=bool)
    labelled[: len(source)] = ~source.isin([*GUESSED_SOURCES, ""])
    pixels = np.concatenate([alerts.pixels, made_rows.pixels])
    usual = Side(name="ZTF, usual recipe", survey="ZTF", pixels=pixels, folds=folds, kind=kind,
                 teaches=np.ones(len(kind), dtype=bool))  # fmt: skip
    return [replace(usual, name="ZTF, labelled alone", teaches=labelled), usual]
