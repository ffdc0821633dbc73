"""Cleaning filters: labelled rows that are probably something else are dropped, counted and listed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, UNLABELLED
from pipeline.errors import InputError, SettingsError
from pipeline.labels import Reference, Tables, near, near_movers
from pipeline.labels.references import ReadingSettings
from pipeline.labels.variables import positions
from pipeline.registry import Registry
from pipeline.rng import stream
from pipeline.settings import examine_entries

Cleaner = Callable[[pd.DataFrame, Tables, Any], NDArray[np.bool_]]
"""From candidates, the tables that the filter reads and its own class of settings to the rows that leave, ``(n,)``."""

CLEANERS: Registry[Cleaner] = Registry("cleaning filter")

Rows = Literal["bogus", "unlabelled", "bogus_and_unlabelled"]


@dataclass(frozen=True, kw_only=True)
class VariableCleaning:
    """Bogus rows at the place of a catalogued variable star leave.

    Attributes
    ----------
    table : str
        Reference table of the survey.
    catalogue : str
        File to read instead.
    ra_column : str
        What the file calls right ascension, degrees.
    dec_column : str
        What the file calls declination, degrees.
    radius_arcsec : float, in arcsec
        How near a row must be; above 0.
    rows : {"bogus", "unlabelled", "bogus_and_unlabelled"}
        Which rows are looked at.
    """

    table: str = "variables"
    catalogue: str = ""
    ra_column: str = "ra_deg"
    dec_column: str = "dec_deg"
    radius_arcsec: float = 1.0
    rows: Rows = "bogus"

    def __post_init__(self) -> None:
        _require_radius(self.radius_arcsec)

    def reads(self) -> dict[str, Reference]:
        """Return what the filter reads."""
        return {"variables": positions(self.table, self.catalogue, self.ra_column, self.dec_column)}


@dataclass(frozen=True, kw_only=True)
class MoverCleaning:
    """Bogus rows at the predicted place of a solar-system object leave.

    Attributes
    ----------
    table : str
        Ephemeris: a reference table of the survey, or ``ephemeris``, which `FetchMovers` makes.
    radius_arcsec : float, in arcsec
        How near a row must be; above 0.
    rows : {"bogus", "unlabelled", "bogus_and_unlabelled"}
        Which rows are looked at.
    """

    table: str = "movers"
    radius_arcsec: float = 5.0
    rows: Rows = "bogus"

    def __post_init__(self) -> None:
        _require_radius(self.radius_arcsec)

    def reads(self) -> dict[str, Reference]:
        """Return what the filter reads."""
        return {"movers": Reference(name=self.table)}


@dataclass(frozen=True, kw_only=True)
class CosmicRayCleaning:
    """Bogus rows that were seen in exactly one of several frames leave.

    Attributes
    ----------
    table : str
        Reference table with ``candidate_id``, ``frames_seen`` (individual frames with a detection there) and
        ``frames`` (how many were looked at); ids that it lacks were not checked, and stay.
    rows : {"bogus", "unlabelled", "bogus_and_unlabelled"}
        Which rows are looked at.
    """

    table: str = "frame_detections"
    rows: Rows = "bogus"

    def reads(self) -> dict[str, Reference]:
        """Return what the filter reads."""
        return {"frames": Reference(name=self.table, joined_by="candidate_id")}


@dataclass(frozen=True, kw_only=True)
class FlaggedExposureCleaning:
    """Of each flagged exposure, only a set number of labelled rows stay.

    Attributes
    ----------
    table : str
        Reference table with ``exposure_id``; empty where ``catalogue`` is given.
    catalogue : str
        File to read instead.
    exposure_column : str
        What the file calls the exposure.
    keep : int
        Rows that stay of each flagged exposure, drawn by their own ids; at least 0.
    keep_sources : tuple of str
        Label sources whose rows may stay; empty: all labelled.
    seed : int
        Another seed keeps others.
    """

    table: str = "flagged_exposures"
    catalogue: str = ""
    exposure_column: str = "exposure_id"
    keep: int = 10
    keep_sources: tuple[str, ...] = ()
    seed: int = 1

    def __post_init__(self) -> None:
        if self.keep < 0:
            raise SettingsError(f"keep is {self.keep}; allowed: at least 0")

    def reads(self) -> dict[str, Reference]:
        """Return what the filter reads."""
        if not self.catalogue:
            return {"exposures": Reference(name=self.table)}
        columns = (("exposure_id", self.exposure_column),)
        return {"exposures": Reference(name=self.catalogue, kind="exposures", columns=columns)}


def _require_radius(radius_arcsec: float) -> None:
    if not radius_arcsec > 0:
        raise SettingsError(f"radius_arcsec is {radius_arcsec}; allowed: above 0")


@CLEANERS.register("variables", settings=VariableCleaning)
def clean_variables(candidates: pd.DataFrame, tables: Tables, settings: VariableCleaning) -> NDArray[np.bool_]:
    """Find bogus rows at the position of a variable star."""
    variables = _table(tables, "variables", ("ra_deg", "dec_deg"), settings.catalogue or settings.table)
    return _chosen(candidates, settings.rows) & (near(candidates, variables, settings.radius_arcsec) >= 0)


@CLEANERS.register("movers", settings=MoverCleaning)
def clean_movers(candidates: pd.DataFrame, tables: Tables, settings: MoverCleaning) -> NDArray[np.bool_]:
    """Find bogus rows at the position of a mover in their own exposure."""
    movers = _table(tables, "movers", ("exposure_id", "ra_deg", "dec_deg"), settings.table)
    return _chosen(candidates, settings.rows) & near_movers(candidates, movers, settings.radius_arcsec)


@CLEANERS.register("cosmic_rays", settings=CosmicRayCleaning)
def clean_cosmic_rays(candidates: pd.DataFrame, tables: Tables, settings: CosmicRayCleaning) -> NDArray[np.bool_]:
    """Find bogus rows that exactly one of several frames shows."""
    frames = _table(tables, "frames", ("candidate_id", "frames_seen", "frames"), settings.table)
    counts = frames.drop_duplicates("candidate_id").set_index("candidate_id")[["frames_seen", "frames"]]
    counts = counts.reindex(candidates["candidate_id"])
    once = (counts["frames_seen"].to_numpy(float) == 1) & (counts["frames"].to_numpy(float) > 1)
    return _chosen(candidates, settings.rows) & once


@CLEANERS.register("flagged_exposures", settings=FlaggedExposureCleaning)
def clean_flagged_exposures(
    candidates: pd.DataFrame, tables: Tables, settings: FlaggedExposureCleaning
) -> NDArray[np.bool_]:
    """Find the rows of flagged exposures in excess of those that are kept."""
    flagged = _table(tables, "exposures", ("exposure_id",), settings.catalogue or settings.table)
    leaves = candidates["exposure_id"].isin(flagged["exposure_id"].astype(str)).to_numpy(copy=True)
    may_stay = leaves & (candidates["label"] != UNLABELLED).to_numpy()
    if settings.keep_sources:
        may_stay &= candidates["label_source"].isin(settings.keep_sources).to_numpy()
    for rows in candidates.groupby("exposure_id").indices.values():
        open_rows = rows[may_stay[rows]]
        ids = candidates["candidate_id"].to_numpy(object)[open_rows]
        draws = np.array([stream(settings.seed, "flagged_exposures", name).random() for name in ids])
        leaves[open_rows[np.argsort(draws, kind="stable")[: settings.keep]]] = False
    return leaves


@dataclass(frozen=True, kw_only=True)
class CleaningStep:
    """One filter with its settings."""

    cleaner: str
    settings: ReadingSettings

    @property
    def reads(self) -> dict[str, Reference]:
        """What the filter reads, by role."""
        return self.settings.reads()


def examine_cleaning(entries: Sequence[Mapping[str, object]], where: str) -> tuple[tuple[CleaningStep, ...], list[str]]:
    """Return the valid filters of a survey's ``cleaning`` list, and every fault of the list."""
    sound, faults = examine_entries(entries, "cleaner", CLEANERS, f"{where}: cleaning")
    return tuple(CleaningStep(cleaner=name, settings=settings) for name, settings in sound), faults


def parse_cleaning(entries: Sequence[Mapping[str, object]], where: str) -> tuple[CleaningStep, ...]:
    """Return the filters that a survey's ``cleaning`` list states: ``{cleaner: variables}``, ..."""
    steps, faults = examine_cleaning(entries, where)
    if faults:
        raise SettingsError("; ".join(faults))
    return steps


def clean(
    candidates: pd.DataFrame, steps: Sequence[CleaningStep], tables: Mapping[str, pd.DataFrame]
) -> dict[str, NDArray[np.bool_]]:
    """Return, by filter, which labelled candidates are dropped, ``(n,)``; each row is dropped by one filter only.

    Parameters
    ----------
    candidates : DataFrame
        Labelled candidates of one night, whole exposures.
    steps : sequence of CleaningStep
        The filters, in order.
    tables : mapping
        Tables by the key of their `pipeline.labels.Reference`.
    """
    taken = np.zeros(len(candidates), dtype=bool)
    found: dict[str, NDArray[np.bool_]] = {}
    for step in steps:
        tables_by_role = {role: tables.get(reference.key, pd.DataFrame()) for role, reference in step.reads.items()}
        mine = CLEANERS[step.cleaner](candidates, tables_by_role, step.settings) & ~taken
        found[step.cleaner] = found.get(step.cleaner, np.zeros_like(mine)) | mine
        taken |= mine
    return found


def _chosen(candidates: pd.DataFrame, rows: Rows) -> NDArray[np.bool_]:
    labels = {"bogus": (BOGUS,), "unlabelled": (UNLABELLED,), "bogus_and_unlabelled": (BOGUS, UNLABELLED)}[rows]
    return np.isin(candidates["label"].to_numpy(), labels)


def _table(tables: Tables, role: str, columns: tuple[str, ...], name: str) -> pd.DataFrame:
    table = tables.get(role, pd.DataFrame())
    absent = [column for column in columns if column not in table]
    if absent:
        raise InputError(f"cleaning {name!r}: column {absent[0]!r} is missing; there: {', '.join(table) or 'none'}")
    return table
