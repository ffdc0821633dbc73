"""Labels from the predicted positions of solar-system objects."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import REAL, UNLABELLED
from pipeline.crossmatch.match import match_one_to_one
from pipeline.errors import SettingsError
from pipeline.labels.providers import LABEL_PROVIDERS, Tables, Verdict, alike, table_of
from pipeline.labels.references import DETECTION, Reference
from pipeline.photometry.magnitudes import known_magnitudes


@dataclass(frozen=True, kw_only=True)
class MoverLabels:
    """A candidate at the predicted place of a solar-system object is real.

    Attributes
    ----------
    table : str
        Ephemeris: a reference table of the survey, or ``ephemeris``, which `FetchMovers` makes.
    radius_arcsec : float, in arcsec
        How near, above 0; each mover takes the nearest candidate, and none takes two.
    max_magnitude : float or None, in mag
        Fainter movers are not looked for; none: all are.
    scores : str
        Reference table of a score, ``candidate_id`` and ``score``; empty: none.
    score_above : float
        A candidate that does not score above this is no detection of the mover, where ``scores`` is given.
    """

    table: str = "movers"
    radius_arcsec: float = 2.0
    max_magnitude: float | None = None
    scores: str = ""
    score_above: float = 0.01

    def __post_init__(self) -> None:
        if not self.radius_arcsec > 0:
            raise SettingsError(f"radius_arcsec is {self.radius_arcsec}; allowed: above 0")

    def reads(self) -> dict[str, Reference]:
        """Return what the provider reads."""
        scores = {"scores": Reference(name=self.scores, joined_by="candidate_id")} if self.scores else {}
        return {"movers": Reference(name=self.table), **scores}


@LABEL_PROVIDERS.register("mover", of=DETECTION, settings=MoverLabels)
def mover_labels(candidates: pd.DataFrame, tables: Tables, settings: MoverLabels) -> Verdict:
    """Give each mover in an exposure its nearest candidate there; the rows of a mover are one group."""
    table = table_of(tables, "movers", ("exposure_id", "ra_deg", "dec_deg"), settings.table)
    if settings.max_magnitude is not None and "magnitude" in table:
        table = table[~(known_magnitudes(table["magnitude"]) > settings.max_magnitude)]
    label = np.full(len(candidates), UNLABELLED, dtype=np.int8)
    group = np.full(len(candidates), "", dtype=object)
    believable = _believable(candidates, tables, settings)
    for exposure_id, rows in candidates.groupby("exposure_id").indices.items():
        rows = rows[believable[rows]]
        here = table[table["exposure_id"] == exposure_id]
        matched, which = _pairs(candidates.iloc[rows], here, settings.radius_arcsec)
        label[rows[matched]] = REAL
        if "mover_id" in here:
            group[rows[matched]] = [f"mover {name}" for name in here["mover_id"].to_numpy(object)[which]]
    return replace(alike(label, "mover", "mover"), group=group)


def _pairs(
    candidates: pd.DataFrame, movers: pd.DataFrame, radius_arcsec: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    places = [frame[name].to_numpy(float) for frame in (candidates, movers) for name in ("ra_deg", "dec_deg")]
    matched, which, _ = match_one_to_one(places[0], places[1], places[2], places[3], radius_arcsec)
    return matched, which


def _believable(candidates: pd.DataFrame, tables: Tables, settings: MoverLabels) -> NDArray[np.bool_]:
    """Return which candidates score above the floor: all if there are no scores, but none that lacks its own."""
    if not settings.scores:
        return np.ones(len(candidates), dtype=bool)
    return scores_of(candidates, tables, settings.scores) > settings.score_above


def scores_of(candidates: pd.DataFrame, tables: Tables, name: str) -> NDArray[np.float64]:
    """Return the score of each candidate from the table with the role ``scores``; NaN if it has none."""
    table = table_of(tables, "scores", ("candidate_id", "score"), name)
    scores = table.drop_duplicates("candidate_id").set_index("candidate_id")["score"]
    return scores.reindex(candidates["candidate_id"]).to_numpy(float)
