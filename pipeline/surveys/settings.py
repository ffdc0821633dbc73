"""What every survey states in its settings file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from pipeline.classes import CLASS_NAMES, MEASURED, class_faults
from pipeline.cutouts.planes import plane_faults
from pipeline.errors import SettingsError
from pipeline.fingerprint import DECIDES_NOTHING, decides_only
from pipeline.io.database.settings import DatabaseSettings
from pipeline.recipes.night_rates import NightRates
from pipeline.surveys.context_settings import context_faults, context_names
from pipeline.surveys.defaults import Defaults
from pipeline.surveys.ephemeris_settings import EphemerisSettings
from pipeline.surveys.metadata_columns import metadata_faults, metadata_name
from pipeline.surveys.rule_settings import columns_of_rows, diagram_faults, rule_faults
from pipeline.surveys.table_settings import TABLE, decided_by_kind, kind_faults
from pipeline.surveys.write_back_settings import WriteBackSettings


@dataclass(frozen=True, kw_only=True)
class ClosedRule:
    """How to tell that a night's data are complete. Exactly one key is set.

    Attributes
    ----------
    after_hours : float or None, in h
        Hours after the end of the night, the next local mean noon; at least 0.
    marker : str or None
        A file below the survey's folder that is there once a night is closed. ``{night}`` in its name stands for the
        night; nothing else may be in braces.
    query : str or None
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


def span_faults(spans: Sequence[str]) -> list[str]:
    """Return what is wrong with the nights that begin spans of time, one sentence each."""
    strange = [night for night in spans if not _DATE.fullmatch(night) or not _is_date(night)]
    if strange:
        return [f'spans has {strange[0]!r}; allowed: nights such as "2020-06-30", in quotes']
    if list(spans) != sorted(set(spans)):
        return [f"spans are {list(spans)}; allowed: nights in order, each once"]
    return []


def _is_date(night: str) -> bool:
    try:
        return bool(date.fromisoformat(night))
    except ValueError:
        return False


_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")

_REACH: Final = (
    ("cutout_size_pixel", 1, 512, ""),
    ("longitude_deg", -180, 180, ", east positive"),
    ("max_edge_fraction", 0, 1, ""),
    ("max_lost_fraction", 0, 1, ""),
    ("base_rate", 0, 1, ""),
    ("fwhm_pixel", 0.5, 100, ""),
)
"""Numbers of a survey with their smallest and largest value."""


@dataclass(frozen=True, kw_only=True)
class SurveySettings:
    """One survey, as ``config/surveys/<name>.yaml`` states it; ``docs/configuration.md`` explains each key.

    Attributes
    ----------
    source : str
        Adapter: ``database``, ``table``, ``image_pairs``, ``alert_table``, ``alert_packets``, ``stamp_set``,
        ``drawn_galaxies``, ``synthetic``, ``catalogue`` or ``drawn_catalogue``.
    telescope : str
        Its name, where the rows give none.
    longitude_deg : float, in degree
        East longitude of the site, -180 to 180; decides what a night is.
    pixel_scale_arcsec : float, in arcsec
        Side of a pixel, above 0.
    channels : tuple of str
        Their names in the order of the last axis; at least one, each once. Behind the images, alert packets may have
        planes, ``science_variance``, ``science_psf`` and the like, see docs/packets.md#variance-and-psf.
    cutout_size_pixel : int, in pixel
        Side of a cutout, 1 to 512.
    closed : ClosedRule
        How to tell that a night's data are complete.
    defaults : Defaults
        Recipes that a command uses when you name none.
    input : mapping
        The adapter's own settings, see its section.
    labels : tuple of mapping
        Label providers, the strongest first, see docs/configuration.md#labels.
    conflicts : {"stronger", "drop", "error"}
        What happens to rows on which providers disagree: the ``stronger`` wins, ``drop`` the row, or ``error``.
    cleaning : tuple of mapping
        Filters that take rows out after labelling, in order, see docs/configuration.md#cleaning.
    ephemeris : EphemerisSettings or None
        How solar-system objects are predicted.
    unit : str
        Unit of the pixels.
    pixel_origin : {0, 1}, in pixel
        What the survey calls the centre of its first pixel.
    mjd_night_offset_days : int, in day
        What to add to an MJD that names a night; -1 where nights are numbered by the UTC day that begins during them.
    magic_values : tuple of float
        Pixel values that mean "missing".
    max_edge_fraction : float
        A cutout with more than this share outside the image is dropped, 0 to 1.
    edges : {"missing", "drop", "constant", "median", "reflect"}
        What a cutout holds outside its image, see docs/images.md#cutouts-beyond-the-border.
    edge_value : float
        What ``constant`` puts there.
    max_lost_fraction : float
        More unusable exposures than this share fail the night, 0 to 1; packets or stamps, if these are what is read.
    fwhm_pixel : float or None, in pixel
        Typical FWHM of the PSF in the images, 0.5 to 100, at which packages of features measure cutouts to score; none:
        it is measured in the stars of the first rows of each file, and counts as that of the training without stars.
    base_rate : float or None
        Share, 0 to 1, of reals among the survey's own candidates, for the expected purity, and for packages that are
        calibrated to it.
    candidates_per_night : float or None
        Number of candidates of a usual night, above 0, for what a threshold means a night; none: the mean over the
        nights that a report scores as a whole.
    references : tuple of str
        Scores or columns that the report compares with.
    spans : tuple of str
        Nights, as ``"2020-06-30"``, that begin spans of time: the report of real and bogus judges every model before
        and from each of them as well.
    notes : tuple of str
        Caveats of the labels, one sentence each, shown in the report.
    release : str
        Name of the processing.
    made : bool
        Whether the task `MakeSyntheticSurvey` makes the survey's files; else they must exist.
    linked_within_arcsec : float, in arcsec
        Rows nearer than this on the sky are one group in splits; at least 0.
    metadata : tuple of str
        Further columns of numbers of the source that cutout files keep, for classifiers that ask for them; of packets
        dotted paths, of which the last part is the name. Not of images searched here, stamp sets and made surveys.
    context : bool or tuple of str
        Whether cutout files keep what the night's detections say of each candidate, or which columns of it
        (docs/formats.md#columns-of-the-context). Not of images searched here and stamp sets.
    kind : {"cutouts", "images", "table"}
        What a row is: ``cutouts`` of a candidate, whole ``images``, or the row of a ``table``. A table has neither
        pixels nor nights: leave out ``channels``, ``cutout_size_pixel``, ``pixel_scale_arcsec``, ``longitude_deg`` and
        what else is of pixels; ``telescope`` and ``closed`` may be left out.
    classes : tuple of str
        Names of the classes, the negative one first: 2 to 127, each once; empty: ``bogus`` and ``real``.
    vetoes : mapping of str to str
        For the name of a class, not the negative one, a condition on columns and features under which no row is
        called so, but the negative class, see docs/catalogues.md#after-the-classifier. More than two classes only.
    overrides : mapping of str to str
        For the name of a class, a condition under which a row is called so, whatever the classifier and the vetoes
        say; of several that hold, the first.
    colour_diagrams : tuple of tuple of str
        Pairs of expressions over columns and features, such as two colours: planes in which the report of classes
        shows its rows, see docs/catalogues.md#in-the-report-and-in-lists. Not of real and bogus.
    write_back : WriteBackSettings or None
        Where scores are written back to, see docs/write_back.md; none: nowhere.
    verdicts : DatabaseSettings or None
        A PostgreSQL database, with the key ``write``, that keeps what people say of candidates, see
        docs/formats.md#verdicts; none: a file of SQLite in the data folder.
    """

    source: str
    telescope: str
    longitude_deg: float
    pixel_scale_arcsec: float
    channels: tuple[str, ...]
    cutout_size_pixel: int
    closed: ClosedRule
    defaults: Defaults = field(metadata=decides_only("choice of recipes"))
    input: Mapping[str, object]
    labels: tuple[Mapping[str, object], ...] = field(default=(), metadata=decides_only("labelling"))
    conflicts: Literal["stronger", "drop", "error"] = field(default="stronger", metadata=decides_only("labelling"))
    cleaning: tuple[Mapping[str, object], ...] = field(default=(), metadata=decides_only("labelling"))
    ephemeris: EphemerisSettings | None = None
    unit: str = "adu"
    pixel_origin: Literal[0, 1] = 0
    mjd_night_offset_days: int = 0
    magic_values: tuple[float, ...] = ()
    max_edge_fraction: float = 0.5
    edges: Literal["missing", "drop", "constant", "median", "reflect"] = "missing"
    edge_value: float = 0.0
    max_lost_fraction: float = 0.2
    fwhm_pixel: float | None = field(default=None, metadata=decides_only("scores by features"))
    base_rate: float | None = field(default=None, metadata=decides_only("report", "packages for it"))
    candidates_per_night: float | None = field(default=None, metadata=decides_only("report", "packages for it"))
    references: tuple[str, ...] = field(default=(), metadata=decides_only("report"))
    spans: tuple[str, ...] = field(default=(), metadata=decides_only("report"))
    notes: tuple[str, ...] = field(default=(), metadata=decides_only("report"))
    release: str = field(default="r1", metadata=decides_only("scores"))
    made: bool = False
    linked_within_arcsec: float = 3.0
    metadata: tuple[str, ...] = ()
    context: bool | tuple[str, ...] = False
    kind: Literal["cutouts", "images", "table"] = "cutouts"
    classes: tuple[str, ...] = field(default=(), metadata=decides_only("labelling"))
    vetoes: Mapping[str, str] = field(default_factory=dict, metadata=decides_only("classes after the classifier"))
    overrides: Mapping[str, str] = field(default_factory=dict, metadata=decides_only("classes after the classifier"))
    colour_diagrams: tuple[tuple[str, ...], ...] = field(default=(), metadata=decides_only("report"))
    write_back: WriteBackSettings | None = field(default=None, metadata=decides_only("write-back"))
    verdicts: DatabaseSettings | None = field(default=None, metadata=DECIDES_NOTHING)

    decided_by_others = staticmethod(decided_by_kind)

    def __post_init__(self) -> None:
        faults = [
            f"{name} is {getattr(self, name)}; allowed: {low} to {high}{more}"
            for name, low, high, more in _REACH
            if getattr(self, name) is not None and not low <= getattr(self, name) <= high
        ]
        faults += kind_faults(self) + span_faults(self.spans)
        if self.candidates_per_night is not None and not self.candidates_per_night > 0:
            faults.append(f"candidates_per_night is {self.candidates_per_night}; allowed: above 0")
        if self.has_nights and not self.pixel_scale_arcsec > 0:
            faults.append(f"pixel_scale_arcsec is {self.pixel_scale_arcsec}; allowed: above 0")
        if not self.linked_within_arcsec >= 0:
            faults.append(f"linked_within_arcsec is {self.linked_within_arcsec}; allowed: at least 0")
        if len(set(self.channels)) != len(self.channels) or not self.channels:
            faults.append(f"channels are {list(self.channels)}; allowed: at least one, no name twice")
        faults += plane_faults(self.channels) if self.has_nights else []
        faults += metadata_faults(self.metadata) + context_faults(self.context, self.kind, self.metadata_paths)
        faults += class_faults(self.classes) if self.classes else []
        faults += self._of_classes() if self.has_target else self._of_rules()
        faults += diagram_faults(self.colour_diagrams, self.class_names)
        if faults:
            raise SettingsError("; ".join(faults))

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes at the index of their codes; the first is the negative one."""
        return MEASURED if self.has_target else self.classes or CLASS_NAMES

    def _of_rules(self) -> list[str]:
        """Return what is wrong with the rules that decide classes after the classifier."""
        ruled = self.class_names if len(self.class_names) > 2 else ()
        return [
            *rule_faults("vetoes", self.vetoes, ruled[1:], self._known_of_rows(len(ruled))),
            *rule_faults("overrides", self.overrides, ruled, self._known_of_rows(len(ruled))),
        ]

    def _known_of_rows(self, n_classes: int) -> list[str]:
        """Return what expressions on scored rows may name."""
        features = self.channels if self.kind == TABLE else ()
        return columns_of_rows(features, [*self.metadata_paths, *self.context_columns], n_classes)

    def _of_classes(self) -> list[str]:
        """Return which keys are stated that need classes, which a survey with a target does not have."""
        keys = [name for name in ("classes", "labels", "vetoes", "overrides", "references") if getattr(self, name)]
        return [f"{name} are stated, and the survey has a target in place of classes: leave them out" for name in keys]

    @property
    def night_rates(self) -> NightRates:
        """What the survey says of its own candidates."""
        return NightRates(base_rate=self.base_rate, candidates_per_night=self.candidates_per_night)

    @property
    def classifier(self) -> str:
        """The classifier, or regressor, that is trained: the stated one, else that of the survey's kind."""
        return self.defaults.trained(self.kind, has_target=self.has_target)

    @property
    def baseline(self) -> str:
        """The classifier that every report compares with: the stated one, else that of the survey's kind."""
        return self.defaults.compared(self.kind, has_target=self.has_target)

    @property
    def has_nights(self) -> bool:
        """Whether the survey has nights; a table has the one night ``all``, which holds all of its rows."""
        return self.kind != TABLE

    @property
    def has_target(self) -> bool:
        """Whether a number is to be predicted of its rows, such as a redshift, and not a class."""
        return self.kind == TABLE and bool(self.input.get("target"))

    @property
    def is_weighted(self) -> bool:
        """Whether the rows have weights in training."""
        return self.kind == TABLE and bool(self.input.get("weight"))

    @property
    def metadata_paths(self) -> dict[str, str]:
        """Where the source has each column of ``metadata``, by its name in cutout files, in the order of the names."""
        return dict(sorted((metadata_name(path), path) for path in self.metadata))

    @property
    def context_columns(self) -> tuple[str, ...]:
        """The columns of the context that cutout files keep."""
        return context_names(self.context)

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The columns of ids that ``labels`` name beside our own: text, as all ids are."""
        return tuple(str(entry["id_column"]) for entry in self.labels if entry.get("id_column"))
