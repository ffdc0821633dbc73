"""Labels of sources that the survey itself injected into its images."""

from dataclasses import dataclass, replace

import pandas as pd

from pipeline.classes import INJECTED
from pipeline.errors import SettingsError
from pipeline.labels.movers import MoverLabels, mover_labels
from pipeline.labels.providers import LABEL_PROVIDERS, Tables, Verdict, alike, table_of
from pipeline.labels.references import DETECTION, Reference


@dataclass(frozen=True, kw_only=True)
class InjectedLabels:
    """A candidate at the place of a source that was injected into its exposure is real.

    Attributes
    ----------
    table : str
        Reference table with ``exposure_id``, ``ra_deg`` and ``dec_deg`` of each injected source.
    radius_arcsec : float, in arcsec
        How near, above 0; each source takes its nearest candidate, and none takes two.
    """

    table: str = "injected"
    radius_arcsec: float = 2.0

    def __post_init__(self) -> None:
        if not self.radius_arcsec > 0:
            raise SettingsError(f"radius_arcsec is {self.radius_arcsec}; allowed: above 0")

    def reads(self) -> dict[str, Reference]:
        """Return what the provider reads."""
        return {"injected": Reference(name=self.table)}


@LABEL_PROVIDERS.register("injected", of=DETECTION, settings=InjectedLabels)
def injected_labels(candidates: pd.DataFrame, tables: Tables, settings: InjectedLabels) -> Verdict:
    """Give each source that was injected into an exposure its nearest candidate there."""
    table = table_of(tables, "injected", ("exposure_id", "ra_deg", "dec_deg"), settings.table)
    nearest = MoverLabels(table=settings.table, radius_arcsec=settings.radius_arcsec)
    found = mover_labels(candidates, {"movers": table.drop(columns="mover_id", errors="ignore")}, nearest)
    return replace(alike(found.label, INJECTED, INJECTED), group=None)
