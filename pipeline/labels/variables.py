"""Labels from a catalogue of variable stars."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.classes import REAL, UNLABELLED
from pipeline.errors import SettingsError
from pipeline.labels.providers import LABEL_PROVIDERS, Tables, Verdict, alike, near, table_of
from pipeline.labels.references import Reference


@dataclass(frozen=True, kw_only=True)
class VariableLabels:
    """A candidate at the place of a catalogued variable star is real.

    Attributes
    ----------
    table : str
        Reference table of the survey.
    catalogue : str
        File to read instead: Parquet, CSV, ECSV or FITS.
    ra_column : str
        What the file calls right ascension, degrees.
    dec_column : str
        What the file calls declination, degrees.
    radius_arcsec : float, in arcsec
        How near a candidate must be; above 0.
    """

    table: str = "variables"
    catalogue: str = ""
    ra_column: str = "ra_deg"
    dec_column: str = "dec_deg"
    radius_arcsec: float = 1.0

    def __post_init__(self) -> None:
        if not self.radius_arcsec > 0:
            raise SettingsError(f"radius_arcsec is {self.radius_arcsec}; allowed: above 0")

    def reads(self) -> dict[str, Reference]:
        """Return what the provider reads."""
        return {"variables": positions(self.table, self.catalogue, self.ra_column, self.dec_column)}


def positions(table: str, catalogue: str, ra_column: str, dec_column: str) -> Reference:
    """Return the reference of a list of positions: a file if one is named, otherwise a table of the survey.

    Parameters
    ----------
    table : str
        Name of the survey's reference table; used where ``catalogue`` is empty.
    catalogue : str
        Path of a file of positions, or empty.
    ra_column, dec_column : str
        The file's columns of right ascension and declination, in degrees.
    """
    if not catalogue:
        return Reference(name=table)
    return Reference(name=catalogue, kind="catalogue", columns=(("ra_deg", ra_column), ("dec_deg", dec_column)))


@LABEL_PROVIDERS.register("variable", settings=VariableLabels)
def variable_labels(candidates: pd.DataFrame, tables: Tables, settings: VariableLabels) -> Verdict:
    """Match candidates to a catalogue of variable stars."""
    table = table_of(tables, "variables", ("ra_deg", "dec_deg"), settings.catalogue or settings.table)
    label = np.full(len(candidates), UNLABELLED, dtype=np.int8)
    label[near(candidates, table, settings.radius_arcsec) >= 0] = REAL
    return alike(label, "variable", "variable")
