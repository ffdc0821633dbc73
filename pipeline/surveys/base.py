"""What every survey adapter offers, and what all of them share.

Tested by tests/conformance/test_surveys.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.context.names import needs_of
from pipeline.cutouts.planes import PLANES
from pipeline.errors import MissingInputError, SettingsError
from pipeline.io.results.night_manifest import Manifest
from pipeline.io.results.schema import EXPOSURE_COLUMNS, TEXT
from pipeline.io.settings_files import expand
from pipeline.registry import Registry
from pipeline.surveys.label_tables import freeze_label_tables
from pipeline.surveys.settings import SurveySettings

if TYPE_CHECKING:  # they bring along what reads, subtracts and searches images, which few surveys need
    from astropy.io.fits import Header

    from pipeline.surveys.difference_settings import DifferenceSettings, ZeropointSettings


ExposureRow: TypeAlias = Mapping[str, Any]
"""What a survey says of an exposure, by column: text and numbers; a list where it names a column of paths."""


def _aligned_already() -> "DifferenceSettings":
    from pipeline.surveys.difference_settings import DifferenceSettings

    return DifferenceSettings(alignment="none")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Candidates that were read together, usually those of one exposure.

    Attributes
    ----------
    cutouts : ndarray of float32, (n, y, x, channel)
        Raw pixels, NaN = missing.
    candidates : DataFrame
        The candidate columns but labels, one row per cutout.
    dropped : DataFrame
        ``candidate_id step reason`` of those left out.
    exposures, lost : int
        How many exposures the batch stands for, and how many of them could not be used; of a source without images how
        many of what `Source.counted` names.
    measured : DataFrame
        `pipeline.io.results.schema.EXPOSURE_COLUMNS` of the exposures whose images were subtracted.
    """

    cutouts: NDArray[np.float32]
    candidates: pd.DataFrame
    dropped: pd.DataFrame = field(default_factory=lambda: dropped_rows([], "", ""))
    exposures: int = 1
    lost: int = 0
    measured: pd.DataFrame = field(default_factory=lambda: measured_exposures())


@dataclass(frozen=True, kw_only=True)
class ExposureImages:
    """The images of one exposure with what injection and subtraction need to know.

    Attributes
    ----------
    exposure : mapping
        The exposure's row: ``exposure_id night time_mjd band zeropoint gain read_noise saturation
        fwhm_pixel ...``.
    science, template : ndarray of float32, (y, x)
        Pixels, NaN = missing; the template is of zeros where the survey has none (``difference: none``).
    science_header, template_header : Header
        Their FITS headers, with the WCS of the science image.
    science_variance, template_variance : ndarray of float32, (y, x), optional
        Variance of their pixels in ADU squared, where planes of weights state it.
    difference : DifferenceSettings
        How the survey aligns, subtracts and searches them.
    zeropoint : ZeropointSettings, optional
        The catalogue that the zeropoint of the science image is measured with.
    science_file, template_file : str
        Their files as the survey names them, for messages.
    """

    exposure: ExposureRow
    science: NDArray[np.float32]
    template: NDArray[np.float32]
    science_header: "Header"
    template_header: "Header"
    science_variance: NDArray[np.float32] | None = None
    template_variance: NDArray[np.float32] | None = None
    difference: "DifferenceSettings" = field(default_factory=_aligned_already)
    zeropoint: "ZeropointSettings | None" = None
    science_file: str = ""
    template_file: str = ""


class StatesFolder(Protocol):
    """The own input of a source, which states where its files lie; ``${NAME}`` is taken from the environment."""

    @property
    def folder(self) -> str:
        """Return what the settings say."""


OwnInput = TypeVar("OwnInput", bound=StatesFolder, covariant=True)


class Source(ABC, Generic[OwnInput]):
    """Where a survey's nights come from: an adapter says nights, rows and pixels; what all sources share is here.

    Registered in `SURVEYS` with the class of its own ``input``.

    Parameters
    ----------
    settings : SurveySettings
        The survey's.
    survey_input : OwnInput
        Its ``input``, parsed.
    folder : Path, optional
        Where a task made the survey's files; else the settings say where they are.

    Attributes
    ----------
    has_images : bool
        Whether there are images, to inject sources into; else there are cutouts alone.
    counted : str
        What its batches count as ``exposures`` and ``lost``, in the plural, for messages and records.
    workers : int
        Processes that read exposures; 0: one per core. They change no result.
    has_metadata : bool
        Whether its rows have columns of their own, which the survey's ``metadata`` may name.
    has_planes : bool
        Whether its cutouts may come with planes of variance and PSF, which the survey's ``channels`` may name.
    knows_detections : bool
        Whether it can tell all detections of a night without their pixels, as the survey's ``context`` needs.
    states_labels : bool
        Whether its rows come with labels, which hold where no label provider says another.
    """

    has_images: bool = False
    has_metadata: bool = False
    has_planes: bool = False
    knows_detections: bool = False
    states_labels: bool = False
    counted: str = "exposures"
    workers: int = 1

    def __init__(self, settings: SurveySettings, survey_input: OwnInput, folder: Path | None = None) -> None:
        if settings.metadata and not self.has_metadata:
            raise SettingsError(
                f"metadata is {list(settings.metadata)}; survey source {settings.source!r} has no columns of its own: "
                "leave it out"
            )
        planes = [name for name in settings.channels if name in PLANES]
        if planes and settings.has_nights and not self.has_planes:
            raise SettingsError(
                f"channels have {planes[0]!r}; survey source {settings.source!r} has no planes of variance and PSF: "
                "leave it out"
            )
        if settings.context_columns and not self.knows_detections:
            raise SettingsError(
                f"context is {settings.context!r}; survey source {settings.source!r} knows no detections before their "
                "pixels: leave it out"
            )
        self.settings = settings
        self.input = survey_input
        self._made_folder = folder

    @property
    def holds(self) -> str:
        """What lies in the folder, for messages."""
        return "the survey's files"

    @property
    def wanted(self) -> str:
        """What the settings must point at, for messages."""
        return f"the folder that holds {self.holds}"

    @property
    def place(self) -> str:
        """Where the survey's files are, or should be: where a task made them, else what the settings say."""
        return str(self._made_folder or expand(self.input.folder, self.wanted))

    @property
    def folder(self) -> Path:
        """The folder of the survey's files."""
        folder = Path(self.place)
        if not folder.is_dir():
            raise MissingInputError(f"no folder {folder}: {self.input.folder} must hold {self.holds}")
        return folder

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the reference tables that there are."""
        return ()

    @abstractmethod
    def nights(self) -> list[str]:
        """Return the nights that hold candidates, sorted."""

    def closed(self, night: str) -> bool:
        """Tell whether a ``marker`` or ``query`` rule calls the night closed."""
        rule = self.settings.closed
        if rule.query is not None:
            return self.finds(rule.query, night)
        return rule.marker is not None and (self.folder / rule.marker.format(night=night)).exists()

    def finds(self, query: str, night: str) -> bool:
        """Tell whether a named query finds a row for a night; a source without queries refuses."""
        raise SettingsError(
            f"closed: query is {query!r}, and survey source {self.settings.source!r} has no queries to ask about "
            f"{night}; allowed: after_hours, marker"
        )

    @abstractmethod
    def frozen_input(self, night: str) -> Manifest:
        """Return the source's own part of a manifest: ``queries`` and ``files``, an entry for each by its name."""

    def freeze(self, night: str) -> Manifest:
        """Return the manifest of a night's input: counts and digests of its rows, files and label tables."""
        own = self.frozen_input(night)
        return own | {"queries": own["queries"] | freeze_label_tables(self, night)}

    @abstractmethod
    def read(self, night: str, manifest: Manifest) -> Iterator[Batch]:
        """Yield the night's candidates with their cutouts; an unusable exposure comes as a lost batch."""

    def detections(self, night: str, manifest: Manifest) -> Iterator[pd.DataFrame]:
        """Yield all detections of a night, also those without usable cutouts, in blocks of `DETECTION_COLUMNS`."""
        raise NotImplementedError(f"{type(self).__name__} knows no detections of {night} ({manifest.get('as_of')})")

    @property
    def context_needs(self) -> tuple[str, ...]:
        """The columns that each candidate must have for the survey's ``context``."""
        return needs_of(self.settings.context_columns)

    def require_context(self, stated: Container[str]) -> None:
        """Refuse settings that ask for a context, and do not say where what it is made from is.

        Raises
        ------
        SettingsError
            With the candidate columns that ``columns`` of the input lacks.
        """
        absent = [name for name in self.context_needs if name not in stated]
        if absent:
            raise SettingsError(
                f"context is {self.settings.context!r} and needs {', '.join(absent)}, which 'columns' of the input "
                "does not name: name them, or leave out what needs them"
            )

    def images(self, night: str, manifest: Manifest) -> Iterator[ExposureImages | Batch]:
        """Yield the night's images for simulation; an unusable exposure comes as a lost batch."""
        frozen = manifest.get("as_of", "now")
        raise SettingsError(f"survey source {self.settings.source!r} has no images of night {night} (frozen {frozen})")

    def reference(self, table: str, night: str) -> pd.DataFrame:
        """Return a reference table for labels or evaluation: ``movers``, ``variables``, ``truth`` ...

        Raises
        ------
        SettingsError
            If the source has no table of this name.
        """
        if table not in self.tables:
            allowed = ", ".join(self.tables) or "none"
            raise SettingsError(f"the survey's input names no reference table {table!r}; allowed: {allowed}")
        return self.table_rows(table, night)

    def table_rows(self, table: str, night: str) -> pd.DataFrame:
        """Return the rows of one of `tables` that belong to a night, or of all nights for no night."""
        raise NotImplementedError(f"{type(self).__name__} names the table {table!r} and does not read it ({night})")

    @abstractmethod
    def check(self) -> list[str]:
        """Return every fault of the survey's input that can be seen within seconds."""


AnySource: TypeAlias = Source[StatesFolder]
"""A source of any kind."""

SURVEYS: Registry[type[AnySource]] = Registry(
    "survey source",
    homes={
        "alert_packets": "pipeline.surveys.alerts.packet_survey",
        "alert_table": "pipeline.surveys.alerts.table_survey",
        "catalogue": "pipeline.surveys.catalogue.survey",
        "drawn_galaxies": "pipeline.surveys.legacy.drawn_galaxies",
        "database": "pipeline.surveys.database.survey",
        "drawn_catalogue": "pipeline.surveys.catalogue.drawn",
        "image_pairs": "pipeline.surveys.image_pairs.survey",
        "stamp_set": "pipeline.surveys.legacy.survey",
        "synthetic": "pipeline.surveys.synthetic.survey",
        "table": "pipeline.surveys.tables.survey",
    },
)
"""The sources, each imported when a survey names it: what one needs to read packets, another needs to search images."""


def measured_exposures(
    exposure_ids: Sequence[str] = (), wcs_offset: tuple[float, float] = (np.nan, np.nan), noise_spread: float = np.nan
) -> pd.DataFrame:
    """Return rows for ``/exposures``: the offset of the WCS, x and y in pixels, and measured over predicted noise."""
    values = dict(zip(EXPOSURE_COLUMNS, (list(exposure_ids), *wcs_offset, noise_spread), strict=True))
    kinds = {name: "str" if kind == TEXT else kind for name, kind in EXPOSURE_COLUMNS.items()}
    return pd.DataFrame(values, columns=list(EXPOSURE_COLUMNS)).astype(kinds)


def dropped_rows(candidate_ids: object, step: str, reason: str) -> pd.DataFrame:
    """Return rows for ``/dropped`` with one step and reason."""
    ids = pd.Series(list(candidate_ids), dtype="str")  # type: ignore[call-overload]
    rows = {"candidate_id": ids, "step": step, "reason": reason}
    return pd.DataFrame(rows, columns=["candidate_id", "step", "reason"])
