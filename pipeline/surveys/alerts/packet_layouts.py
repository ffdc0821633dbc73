"""Where the alert packets of ZTF, Fink and LSST have the columns of a candidate row and its cutouts: a layout for each.

Tested by tests/pipeline/surveys/alerts/test_packet_rows.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pipeline.cutouts.planes import KINDS, PSF, VARIANCE, plane_name
from pipeline.errors import SettingsError, UnknownNameError
from pipeline.io.alerts.stored_packets import StoredPaths
from pipeline.io.results.schema import CANDIDATE_COLUMNS

TimeFormat = Literal["jd", "mjd", "mjd_tai"]

REQUIRED: Final = ("candidate_id", "object_id", "ra_deg", "dec_deg", "time_mjd")
"""Columns without which a packet is useless."""

FLUXES: Final = ("flux", "flux_error")
"""Columns from which ``magnitude`` and ``magnitude_error`` are made."""


@dataclass(frozen=True, kw_only=True)
class PacketLayout:
    """Where a packet has its fields; settings may change a part of it.

    Attributes
    ----------
    columns : mapping of str to tuple of str
        Candidate column, ``flux`` or ``flux_error`` to dotted paths, of which the first with a value counts.
    stamps : mapping of str to str
        Channel to the dotted path of the FITS bytes of its cutout.
    planes : mapping of str to str
        ``variance`` and ``psf``, as far as packets have them, to the name of their HDU in each of these FITS files.
    time_format : str
        Of the field for ``time_mjd``; ``mjd_tai`` is International Atomic Time, the others are UTC.
    bands : mapping of str to str
        Value of the packet to the band's name.
    negative_values : tuple of str
        Values of the ``flux_sign`` field that mean science below template, beside those of `flux_signs`.
    flux_zeropoint : float
        Magnitude of flux 1.
    detector_size_pixel : tuple of int
        Width and height of the detector, which tell at which side a small cutout was cut off; may be empty.
    stamp_size_pixel : int
        Side of a whole cutout of the packet; 0 where they are of many sizes about their candidate.
    metadata : mapping of str to str
        Further columns by name to the dotted path of a number.
    """

    columns: Mapping[str, tuple[str, ...]]
    stamps: Mapping[str, str]
    time_format: TimeFormat
    planes: Mapping[str, str] = field(default_factory=dict)
    bands: Mapping[str, str] = field(default_factory=dict)
    negative_values: tuple[str, ...] = ("f", "0")
    flux_zeropoint: float = 31.4
    detector_size_pixel: tuple[int, ...] = ()
    stamp_size_pixel: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        allowed = (*CANDIDATE_COLUMNS, *FLUXES)
        for name in self.columns:
            if name not in allowed:
                raise SettingsError(f"columns names {name!r}; allowed: {', '.join(allowed)}")
        for name in REQUIRED:
            if not self.columns.get(name):
                raise SettingsError(f"columns does not say where {name!r} is")
        for kind in self.planes:
            if kind not in KINDS:
                raise SettingsError(f"planes names {kind!r}; allowed: {', '.join(KINDS)}")
        if len(self.detector_size_pixel) not in (0, 2):
            raise SettingsError(f"detector_size_pixel is {list(self.detector_size_pixel)}; allowed: width and height")

    def paths(self, more: Sequence[str] = (), *, cutouts: bool = True) -> tuple[str, ...]:
        """Return all paths that are read, each once."""
        columns = [path for paths in self.columns.values() for path in paths] + [*self.metadata.values()]
        return tuple(dict.fromkeys([*columns, *more, *(self.stamps.values() if cutouts else ())]))

    def planes_of(self, image: str, channels: Sequence[str]) -> dict[str, str]:
        """Return the channels that are planes of an image, by channel the kind."""
        names = {plane_name(image, kind): kind for kind in KINDS}
        return {name: kind for name, kind in names.items() if name in channels}

    @property
    def stored(self) -> StoredPaths:
        """The paths of which the index keeps the values, so that a packet need not be decoded again."""
        return StoredPaths(self.paths(cutouts=False), tuple(self.stamps.values()))


def _below(parent: str, **fields: str) -> dict[str, tuple[str, ...]]:
    return {name: (f"{parent}.{path}",) for name, path in fields.items()}


_ZTF_COLUMNS = {
    "candidate_id": ("candid", "candidate.candid"),
    "object_id": ("objectId",),
    **_below(
        "candidate",
        exposure_id="pid",
        detector="rcid",
        ra_deg="ra",
        dec_deg="dec",
        x_pixel="xpos",
        y_pixel="ypos",
        time_mjd="jd",
        magnitude="magpsf",
        magnitude_error="sigmapsf",
        band="fid",
        zeropoint="magzpsci",
        fwhm_pixel="fwhm",
        snr="scorr",
        flux_sign="isdiffpos",
    ),
}

_ZTF = PacketLayout(
    columns=_ZTF_COLUMNS,
    stamps={
        "science": "cutoutScience.stampData",
        "template": "cutoutTemplate.stampData",
        "difference": "cutoutDifference.stampData",
    },
    time_format="jd",
    bands={"1": "g", "2": "r", "3": "i"},
    detector_size_pixel=(3072, 3080),
    stamp_size_pixel=63,
)

_LSST = PacketLayout(
    columns={
        "candidate_id": ("diaSourceId", "diaSource.diaSourceId", "alertId"),
        "object_id": ("diaSource.diaObjectId", "diaSource.ssObjectId", "diaSource.diaSourceId"),
        **_below(
            "diaSource",
            exposure_id="visit",
            detector="detector",
            ra_deg="ra",
            dec_deg="dec",
            x_pixel="x",
            y_pixel="y",
            time_mjd="midpointMjdTai",
            flux="psfFlux",
            flux_error="psfFluxErr",
            band="band",
            snr="snr",
            flux_sign="isNegative",
        ),
    },
    stamps={"science": "cutoutScience", "template": "cutoutTemplate", "difference": "cutoutDifference"},
    planes={VARIANCE: "UNCERT", PSF: "PSFIMAGE"},
    time_format="mjd_tai",
    negative_values=("1",),
)

PACKET_LAYOUTS: Final[Mapping[str, PacketLayout]] = {"ztf": _ZTF, "fink": _ZTF, "lsst": _LSST}
"""Layouts by name. Fink's Parquet files keep ZTF's names."""


def packet_layout(name: str) -> PacketLayout:
    """Return a layout by its name."""
    if name not in PACKET_LAYOUTS:
        raise UnknownNameError("packet layout", name, PACKET_LAYOUTS)
    return PACKET_LAYOUTS[name]
