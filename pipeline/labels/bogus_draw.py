"""Labels by drawing: a random part of the unlabelled rows, fixed by a seed, is called bogus."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, BOGUS_DRAW, REAL, UNLABELLED
from pipeline.errors import SettingsError
from pipeline.labels.movers import scores_of
from pipeline.labels.providers import LABEL_PROVIDERS, Tables, Verdict, alike, near, near_movers, table_of
from pipeline.labels.references import Reference
from pipeline.labels.variables import positions
from pipeline.rng import stream


@dataclass(frozen=True, kw_only=True)
class BogusDraw:
    """A random part of the unlabelled candidates, fixed by a seed, is called bogus: a stated, contaminated choice.

    Attributes
    ----------
    share : float
        Share that is drawn, 0 to 1; ignored if ``bogus_every`` is given.
    bogus_every : int or None
        Draw in each exposure as many candidates as stronger providers call real there, plus this many; at least 0.
        None: ``share`` decides.
    seed : int
        Another seed draws others.
    scores : str
        Reference table of a score, ``candidate_id`` and ``score``; empty: none.
    score_below : float
        Only candidates below this score are drawn, where ``scores`` is given.
    movers : str
        Ephemeris; no candidate near a predicted mover is drawn, found or not. Empty: not looked at.
    variables : str
        Reference table of variables; no candidate near one is drawn. Empty: not looked at.
    variable_catalogue : str
        File of variables, in place of ``variables``.
    ra_column : str
        What that file calls right ascension, degrees.
    dec_column : str
        What that file calls declination, degrees.
    clear_arcsec : float, in arcsec
        How far from movers and variables a bogus must be; at least 0.
    """

    share: float = 0.1
    bogus_every: int | None = None
    seed: int = 1
    scores: str = ""
    score_below: float = 0.6
    movers: str = ""
    variables: str = ""
    variable_catalogue: str = ""
    ra_column: str = "ra_deg"
    dec_column: str = "dec_deg"
    clear_arcsec: float = 5.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise SettingsError(f"share is {self.share}; allowed: 0 to 1")
        if self.bogus_every is not None and self.bogus_every < 0:
            raise SettingsError(f"bogus_every is {self.bogus_every}; allowed: at least 0")
        if not self.clear_arcsec >= 0:
            raise SettingsError(f"clear_arcsec is {self.clear_arcsec}; allowed: at least 0")
        if self.variables and self.variable_catalogue:
            raise SettingsError("variables and variable_catalogue: give one of them")

    def reads(self) -> dict[str, Reference]:
        """Return what the provider reads."""
        found = {}
        if self.scores:
            found["scores"] = Reference(name=self.scores, joined_by="candidate_id")
        if self.movers:
            found["movers"] = Reference(name=self.movers)
        if self.variables or self.variable_catalogue:
            found["variables"] = positions(self.variables, self.variable_catalogue, self.ra_column, self.dec_column)
        return found


@LABEL_PROVIDERS.register("bogus_draw", settings=BogusDraw, judges=False)
def bogus_draw(candidates: pd.DataFrame, tables: Tables, settings: BogusDraw) -> Verdict:
    """Draw each candidate by its own id, so that more candidates in a night never change the order of the draw."""
    draws = np.array([stream(settings.seed, "bogus_draw", name).random() for name in candidates["candidate_id"]])
    open_to = _open_to_draw(candidates, tables, settings)
    if settings.bogus_every is None:
        drawn = open_to & (draws.reshape(-1) < settings.share)
    else:
        drawn = _as_many_as_reals(candidates, draws, open_to, settings.bogus_every)
    return alike(np.where(drawn, BOGUS, UNLABELLED).astype(np.int8), "bogus", BOGUS_DRAW)


def _open_to_draw(candidates: pd.DataFrame, tables: Tables, settings: BogusDraw) -> NDArray[np.bool_]:
    """Return which candidates score low enough and are clear of movers and variables, ``(n,)``."""
    allowed = np.ones(len(candidates), dtype=bool)
    if settings.scores:
        allowed &= scores_of(candidates, tables, settings.scores) < settings.score_below
    if settings.movers:
        movers = table_of(tables, "movers", ("exposure_id", "ra_deg", "dec_deg"), settings.movers)
        allowed &= ~near_movers(candidates, movers, settings.clear_arcsec)
    if settings.variables or settings.variable_catalogue:
        name = settings.variables or settings.variable_catalogue
        variables = table_of(tables, "variables", ("ra_deg", "dec_deg"), name)
        allowed &= near(candidates, variables, settings.clear_arcsec) < 0
    return allowed


def _as_many_as_reals(
    candidates: pd.DataFrame, draws: NDArray[np.float64], open_to: NDArray[np.bool_], more: int
) -> NDArray[np.bool_]:
    """Draw min(open, reals + more) candidates of each exposure, those with the smallest number."""
    label = candidates["label"].to_numpy()
    drawn = np.zeros(len(candidates), dtype=bool)
    for rows in candidates.groupby("exposure_id").indices.values():
        free = rows[open_to[rows] & (label[rows] == UNLABELLED)]
        wanted = int((label[rows] == REAL).sum()) + more
        drawn[free[np.argsort(draws[free], kind="stable")[:wanted]]] = True
    return drawn
