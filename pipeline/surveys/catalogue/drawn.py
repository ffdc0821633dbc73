"""A survey of a table that it draws itself: the sibling of the synthetic survey for target selection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pipeline.io.tables.fits_table import write_fits_table
from pipeline.night import ALL
from pipeline.sky.target_catalogue import TargetCatalogue, draw_target_catalogue
from pipeline.surveys.base import SURVEYS
from pipeline.surveys.catalogue.settings import CatalogueInput
from pipeline.surveys.catalogue.survey import CatalogueSurvey

FILE: Final = "targets.fits"


@dataclass(frozen=True, kw_only=True)
class DrawnCatalogueInput(CatalogueInput):
    """The ``input`` of a survey that draws its table.

    Attributes
    ----------
    folder : str
        Where the table lies; empty: where `MakeSyntheticSurvey` put it.
    files : tuple of str
        Its name.
    columns : mapping of str to str
        As for any table.
    seed : int
        Decides everything that is drawn.
    sources : TargetCatalogue
        How many sources there are, and how well they are known.
    """

    folder: str = ""
    files: tuple[str, ...] = (FILE,)
    columns: Mapping[str, str] = field(
        default_factory=lambda: {"candidate_id": "DES_id", "ra_deg": "DES_ra", "dec_deg": "DES_dec"}
    )
    seed: int = 1
    sources: TargetCatalogue = field(default_factory=TargetCatalogue)


@SURVEYS.register("drawn_catalogue", settings=DrawnCatalogueInput, made=True)
class DrawnCatalogue(CatalogueSurvey):
    """A survey of a table that makes its own file first."""

    def closed(self, night: str) -> bool:
        """Tell whether the night is its only one, which is closed before the table is made."""
        return night == ALL

    def make(self, folder: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Draw the table into an empty folder."""
        if isinstance(self.input, DrawnCatalogueInput):
            write_fits_table(folder / FILE, draw_target_catalogue(self.input.sources, self.input.seed))
            if progress is not None:
                progress(1, 1)
