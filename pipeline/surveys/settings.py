"""What every survey states in its settings file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pipeline.errors import SettingsError
from pipeline.fingerprint import DECIDES_NOTHING, decides_only


@dataclass(frozen=True, kw_only=True)
class ClosedRule:
    """When a night's data are all there. Exactly one is given.

    Attributes
    ----------
    after_hours : float
        Hours after the end of the night (local mean noon).
    marker : str
        A file below the survey's folder, ``{night}`` in its name.
    query : str
        A named query with the parameter ``night``; any row means closed.
    """

    after_hours: float | None = None
    marker: str | None = None
    query: str | None = None

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.after_hours, self.marker, self.query)) != 1:
            raise SettingsError("give exactly one of after_hours, marker, query")
        if self.after_hours is not None and not self.after_hours >= 0:
            raise SettingsError(f"after_hours is {self.after_hours}; allowed: at least 0")
        if set("{}") & set((self.marker or "").replace("{night}", "")):
            raise SettingsError(f"marker is {self.marker!r}; allowed in braces: {{night}}")


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """Which recipes a command uses when it names none."""

    dataset: str
    classifier: str
    baseline: str = "boosting"
    simulation: str = "none"
    night: str = ""


@dataclass(frozen=True, kw_only=True)
class EphemerisSettings:
    """How the task `FetchMovers` predicts the solar-system objects of a night: the table ``ephemeris``.

    Attributes
    ----------
    source : str
        ``skybot``, the service of IMCCE, or ``orbits``, a catalogue of orbits that we propagate.
    observatory : str
        Code of the Minor Planet Center, for SkyBoT.
    latitude_deg, height_m : float
        The site, with the survey's longitude, for orbits.
    search_radius_deg : float
        Around the centre of each exposure.
    max_magnitude : float
        Fainter objects are left out; without one none is.
    max_error_arcsec : float
        Objects whose place SkyBoT knows worse are left out, at most 120.
    catalogue : str
        Path or http(s) address of a catalogue of orbits.
    catalogue_date : str
        Which of the dated catalogues; empty: that of the night's month.
    server : str
        Address of the cone search, where it is not SkyBoT's own.
    timeout_s : float
        How long a request may take.
    tries : int
        Requests before the task fails.
    """

    source: Literal["skybot", "orbits"]
    observatory: str = field(default="500", metadata=decides_only("skybot"))
    latitude_deg: float | None = field(default=None, metadata=decides_only("orbits"))
    height_m: float = field(default=0.0, metadata=decides_only("orbits"))
    search_radius_deg: float = 1.8
    max_magnitude: float | None = None
    max_error_arcsec: float = field(default=10.0, metadata=decides_only("skybot"))
    catalogue: str = field(default="", metadata=decides_only("orbit catalogue"))
    catalogue_date: str = field(default="", metadata=decides_only("orbit catalogue"))
    server: str = field(default="", metadata=decides_only("skybot"))
    timeout_s: float = field(default=60.0, metadata=DECIDES_NOTHING)
    tries: int = field(default=5, metadata=DECIDES_NOTHING)

    def __post_init__(self) -> None:
        if self.source == "orbits" and (not self.catalogue or self.latitude_deg is None):
            raise SettingsError("source is 'orbits'; then catalogue and latitude_deg are needed")
        for name, low, high in (("latitude_deg", -90, 90), ("search_radius_deg", 0, 10), ("tries", 1, 100)):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise SettingsError(f"{name} is {value}; allowed: {low} to {high}")
        if not self.timeout_s > 0:
            raise SettingsError(f"timeout_s is {self.timeout_s}; allowed: above 0")
        if not 0 < self.max_error_arcsec <= 120:
            raise SettingsError(f"max_error_arcsec is {self.max_error_arcsec}; allowed: above 0, at most 120")


_REACH: Final = (
    ("cutout_size_pixel", 1, 512, ""),
    ("longitude_deg", -180, 180, ", east positive"),
    ("max_edge_fraction", 0, 1, ""),
    ("max_lost_fraction", 0, 1, ""),
    ("base_rate", 0, 1, ""),
)
"""Numbers of a survey with their least and largest value."""


@dataclass(frozen=True, kw_only=True)
class SurveySettings:
    """One survey, as ``config/surveys/<name>.yaml`` states it; ``docs/configuration.md`` explains each key.

    With ``made`` the survey's files are made by the task `MakeSyntheticSurvey` instead of being found.
    """

    source: str
    telescope: str
    longitude_deg: float
    pixel_scale_arcsec: float
    channels: tuple[str, ...]
    cutout_size_pixel: int
    closed: ClosedRule
    defaults: Defaults = field(metadata=DECIDES_NOTHING)
    input: Mapping[str, object]
    labels: tuple[Mapping[str, object], ...] = field(default=(), metadata=decides_only("labels"))
    conflicts: Literal["stronger", "drop", "error"] = field(default="stronger", metadata=decides_only("labels"))
    cleaning: tuple[Mapping[str, object], ...] = field(default=(), metadata=decides_only("labels"))
    ephemeris: EphemerisSettings | None = None
    unit: str = "adu"
    pixel_origin: Literal[0, 1] = 0
    mjd_night_offset_days: int = 0
    magic_values: tuple[float, ...] = ()
    max_edge_fraction: float = 0.5
    edges: Literal["missing", "drop", "constant", "median", "reflect"] = "missing"
    edge_value: float = 0.0
    max_lost_fraction: float = 0.2
    base_rate: float | None = field(default=None, metadata=decides_only("report"))
    references: tuple[str, ...] = field(default=(), metadata=decides_only("report"))
    notes: tuple[str, ...] = field(default=(), metadata=decides_only("report"))
    release: str = field(default="r1", metadata=decides_only("scores"))
    made: bool = False
    linked_within_arcsec: float = 3.0

    def __post_init__(self) -> None:
        faults = [
            f"{name} is {getattr(self, name)}; allowed: {low} to {high}{more}"
            for name, low, high, more in _REACH
            if getattr(self, name) is not None and not low <= getattr(self, name) <= high
        ]
        if not self.pixel_scale_arcsec > 0:
            faults.append(f"pixel_scale_arcsec is {self.pixel_scale_arcsec}; allowed: above 0")
        if not self.linked_within_arcsec >= 0:
            faults.append(f"linked_within_arcsec is {self.linked_within_arcsec}; allowed: at least 0")
        if len(set(self.channels)) != len(self.channels) or not self.channels:
            faults.append(f"channels are {list(self.channels)}; allowed: at least one, no name twice")
        if faults:
            raise SettingsError("; ".join(faults))

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The columns of ids that ``labels`` name beside our own: text, as all ids are."""
        return tuple(str(entry["id_column"]) for entry in self.labels if entry.get("id_column"))
