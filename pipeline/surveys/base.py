"""What every survey adapter offers.

Tested by tests/conformance/test_surveys.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.io.results.schema import EXPOSURE_COLUMNS, TEXT
from pipeline.registry import Registry
from pipeline.surveys.settings import SurveySettings

if TYPE_CHECKING:  # they bring along what subtracts and searches images, which few surveys need
    from pipeline.surveys.difference_settings import DifferenceSettings, ZeropointSettings


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
        The candidate columns but labels, one row a cutout.
    dropped : DataFrame
        ``candidate_id step reason`` of those left out.
    exposures, lost : int
        How many exposures the batch stands for, and how many of them could not be used.
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
    science_header, template_header : mapping
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

    exposure: Mapping[str, Any]
    science: NDArray[np.float32]
    template: NDArray[np.float32]
    science_header: Any
    template_header: Any
    science_variance: NDArray[np.float32] | None = None
    template_variance: NDArray[np.float32] | None = None
    difference: "DifferenceSettings" = field(default_factory=_aligned_already)
    zeropoint: "ZeropointSettings | None" = None
    science_file: str = ""
    template_file: str = ""


class Survey(Protocol):
    """An adapter: reads one survey's nights. Registered in `SURVEYS` with its own ``settings`` class."""

    settings: SurveySettings
    has_images: bool
    workers: int
    """Processes that read exposures; 0: one a core. They change no result."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the names of the reference tables that there are."""

    @property
    def folder(self) -> Path:
        """The folder of the survey's files."""

    def nights(self) -> list[str]:
        """Return the nights that hold candidates, sorted."""

    def closed(self, night: str) -> bool:
        """Tell whether a ``marker`` or ``query`` rule calls the night closed."""

    def freeze(self, night: str) -> dict[str, Any]:
        """Return the manifest of a night's input: counts, digests of rows and files."""

    def read(self, night: str, manifest: Mapping[str, Any]) -> Iterator[Batch]:
        """Yield the night's candidates with their cutouts; an unusable exposure comes as a lost batch."""

    def images(self, night: str, manifest: Mapping[str, Any]) -> Iterator[ExposureImages | Batch]:
        """Yield the night's images for simulation; an unusable exposure comes as a lost batch."""

    def reference(self, table: str, night: str) -> pd.DataFrame:
        """Return a reference table for labels or evaluation: ``movers``, ``variables``, ``truth`` ..."""

    def check(self) -> list[str]:
        """Return every fault of the survey's input that can be seen within seconds."""


SURVEYS: Registry[type] = Registry(
    "survey source",
    homes={
        "alert_packets": "pipeline.surveys.alerts.packet_survey",
        "alert_table": "pipeline.surveys.alerts.table_survey",
        "database": "pipeline.surveys.database.survey",
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
    """Return rows for ``/exposures``: by how much a WCS was found off, x and y in pixels, and how true its noise is."""
    values = dict(zip(EXPOSURE_COLUMNS, (list(exposure_ids), *wcs_offset, noise_spread), strict=True))
    kinds = {name: "str" if kind == TEXT else kind for name, kind in EXPOSURE_COLUMNS.items()}
    return pd.DataFrame(values, columns=list(EXPOSURE_COLUMNS)).astype(kinds)


def dropped_rows(candidate_ids: object, step: str, reason: str) -> pd.DataFrame:
    """Return rows for ``/dropped`` with one step and reason."""
    ids = pd.Series(list(candidate_ids), dtype="str")  # type: ignore[call-overload]
    rows = {"candidate_id": ids, "step": step, "reason": reason}
    return pd.DataFrame(rows, columns=["candidate_id", "step", "reason"])
