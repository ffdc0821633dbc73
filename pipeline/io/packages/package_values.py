"""Checks ``package.json``: types and ranges of all values that decide a score or a label."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any, Final, Literal

from pipeline.classes import CLASS_NAMES, REAL, REGRESSOR, STACK
from pipeline.cutouts.normalise import NORMALISATIONS, Missing
from pipeline.errors import InputError, SettingsError
from pipeline.path_names import is_path_name
from pipeline.redshifts.heads import read_head, require_edges
from pipeline.settings import parse

LARGEST_SIDE_PIXEL: Final = 4096

_WEIGHT_TOLERANCE: Final = 1e-6
"""Weights of a stack's members sum to 1 within this."""

LARGEST_THRESHOLD: Final = 1.0 + 1e-6
"""Threshold of the rule ``fpr`` if a bogus has a score of 1: no row is called real."""


@dataclass(frozen=True, kw_only=True)
class _Input:
    survey: str
    channels: tuple[str, ...]
    required_channels: tuple[str, ...]
    size_pixel: int
    crop: bool
    pixel_scale_arcsec: float | None
    pixel_state: str
    size_pixel_min: int | None = None

    def __post_init__(self) -> None:
        _require_distinct("channels", self.channels, least=1)
        _require_distinct("required_channels", self.required_channels, least=0)
        unknown = sorted(set(self.required_channels) - set(self.channels))
        if unknown:
            raise SettingsError(f"required_channels has {unknown[0]!r}; allowed: {', '.join(self.channels)}")
        if not 1 <= self.size_pixel <= LARGEST_SIDE_PIXEL:
            raise SettingsError(f"size_pixel is {self.size_pixel}; allowed: 1 to {LARGEST_SIDE_PIXEL}")
        if self.size_pixel_min is not None and not 1 <= self.size_pixel_min <= self.size_pixel:
            raise SettingsError(f"size_pixel_min is {self.size_pixel_min}; allowed: 1 to size_pixel, {self.size_pixel}")
        if self.pixel_scale_arcsec is not None and self.pixel_scale_arcsec <= 0:
            raise SettingsError(f"pixel_scale_arcsec is {self.pixel_scale_arcsec}; allowed: above 0, or null")


@dataclass(frozen=True, kw_only=True)
class _Calibration:
    method: str
    slope: float = math.nan
    slope_below: float = math.nan
    slope_above: float = math.nan
    intercept: float = math.nan
    scale: tuple[float, ...] = ()
    shift: tuple[float, ...] = ()
    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    prevalence: float | None
    fitted_prevalence: float | None = None
    class_shares: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rising = all(low < high for side in (self.knots, self.values) for low, high in pairwise(side))
        if len(self.knots) != len(self.values) or not rising:
            raise SettingsError(f"knots are {list(self.knots)} and values {list(self.values)}; allowed: both rising, "
                                "as many values as knots")  # fmt: skip
        self._require_line()
        if len(self.scale) != len(self.shift) or not all(value > 0 for value in self.scale):
            raise SettingsError(f"scale is {list(self.scale)} and shift {list(self.shift)}; allowed: scales above 0, "
                                "as many as shifts")  # fmt: skip
        if not all(0.0 <= share <= 1.0 for share in self.class_shares.values()):
            raise SettingsError(f"class_shares are {list(self.class_shares.values())}; allowed: 0 to 1")
        for name, share in (("prevalence", self.prevalence), ("fitted_prevalence", self.fitted_prevalence)):
            if share is not None and not 0.0 <= share <= 1.0:
                raise SettingsError(f"{name} is {share}; allowed: 0 to 1, or null")

    def _require_line(self) -> None:
        """Refuse a calibration of two classes without its numbers, or one by which logits would fall on one side."""
        sides = {"slope_below": self.slope_below, "slope_above": self.slope_above}
        if any(not math.isnan(value) for value in sides.values()):
            wrong = [f"{name} is {value}" for name, value in sides.items() if not value > 0]
            if wrong or math.isnan(self.intercept):
                raise SettingsError(f"{(wrong or ['intercept is missing'])[0]}; allowed: two slopes above 0")
        elif not (self.scale or self.knots) and math.isnan(self.slope + self.intercept):
            raise SettingsError("slope or intercept is missing")


@dataclass(frozen=True, kw_only=True)
class _Mask:
    name: str
    shape: tuple[int, ...]
    rate: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate < 1.0:
            raise SettingsError(f"rate is {self.rate}; allowed: 0 to below 1")
        if min(self.shape, default=1) < 1:
            raise SettingsError(f"shape is {list(self.shape)}; allowed: sizes of at least 1")


@dataclass(frozen=True, kw_only=True)
class _Posterior:
    masks: tuple[_Mask, ...]
    samples: int

    def __post_init__(self) -> None:
        _require_distinct("masks", [mask.name for mask in self.masks], least=0)
        if self.samples < 0:
            raise SettingsError(f"samples is {self.samples}; allowed: 0 or more")


@dataclass(frozen=True, kw_only=True)
class _Features:
    name: str
    revision: int
    columns: tuple[str, ...]
    fwhm_pixel: float | None = None

    def __post_init__(self) -> None:
        _require_distinct("columns", self.columns, least=1)
        if self.fwhm_pixel is not None and not 0 < self.fwhm_pixel < LARGEST_SIDE_PIXEL:
            raise SettingsError(f"fwhm_pixel is {self.fwhm_pixel}; allowed: above 0 and below {LARGEST_SIDE_PIXEL}, "
                                "or null")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Metadata:
    columns: tuple[str, ...]
    centre: tuple[float, ...]
    width: tuple[float, ...]

    def __post_init__(self) -> None:
        _require_distinct("columns", self.columns, least=1)
        for name, values in (("centre", self.centre), ("width", self.width)):
            if len(values) != len(self.columns):
                raise SettingsError(f"{name} is {list(values)}; allowed: one number for each of columns")
        if min(self.width) <= 0:
            raise SettingsError(f"width is {list(self.width)}; allowed: numbers above 0")


@dataclass(frozen=True, kw_only=True)
class _Normalisation:
    name: str
    missing: Missing
    revision: int

    def __post_init__(self) -> None:
        outside = [name for name in NORMALISATIONS if not NORMALISATIONS.metadata(name)["in_graph"]]
        if self.name not in outside:
            raise SettingsError(f"name is {self.name[:60]!r}; allowed: {', '.join(outside)}")


@dataclass(frozen=True, kw_only=True)
class _Member:
    folder: str
    name: str
    classifier: str
    seed: int
    learned_fold: str
    weight: float

    def __post_init__(self) -> None:
        if not is_path_name(self.folder):
            raise SettingsError(f"folder is {self.folder[:60]!r}; allowed: the name of a folder below members")
        if not 0.0 <= self.weight <= 1.0:
            raise SettingsError(f"weight is {self.weight}; allowed: 0 to 1")


@dataclass(frozen=True, kw_only=True)
class _Conformal:
    error: float
    promise: Literal["class", "all"]
    base_rate: float | None
    bogus_below: float | None = None
    real_above: float | None = None
    crossed: bool = False
    rows: Mapping[str, int] = field(default_factory=dict)
    why_none: str = ""

    def __post_init__(self) -> None:
        if not 0.0 < self.error < 1.0:
            raise SettingsError(f"error is {self.error}; allowed: above 0 and below 1")
        if self.why_none and (self.bogus_below, self.real_above) == (None, None):
            return
        if None in (self.bogus_below, self.real_above) or not self.bogus_below <= self.real_above:  # type: ignore[operator]
            raise SettingsError(
                f"bogus_below is {self.bogus_below} and real_above {self.real_above}; allowed: the first <= the second"
            )
        if set(self.rows) != set(CLASS_NAMES) or min(self.rows.values()) < 0:
            raise SettingsError(f"rows are {dict(self.rows)}; allowed: how many bogus and real")


@dataclass(frozen=True, kw_only=True)
class _Outliers:
    false_alarms: float
    limit: float | None = None
    features: int = 0
    space: Literal["", "latent"] = ""
    reasons: bool = False
    rows: int = 0
    held: Mapping[str, Any] = field(default_factory=dict)
    why_none: str = ""

    def __post_init__(self) -> None:
        if not 0.0 < self.false_alarms < 1.0:
            raise SettingsError(f"false_alarms is {self.false_alarms}; allowed: above 0 and below 1")
        if not self.why_none and not (self.limit is not None and self.limit > 0):
            raise SettingsError(f"limit is {self.limit}; allowed: above 0")


@dataclass(frozen=True, kw_only=True)
class _Values:
    name: str
    family: str = ""
    members: tuple[_Member, ...] = ()
    input: _Input
    classes: tuple[str, ...]
    external_features: _Features | None
    external_normalisation: _Normalisation | None = None
    metadata: _Metadata | None = None
    calibration: _Calibration
    thresholds: Mapping[str, float]
    threshold_rule: str
    posterior: _Posterior
    conformal: _Conformal | None = None
    outliers: _Outliers | None = None
    files: Mapping[str, str]

    def __post_init__(self) -> None:
        self._require_members()
        _require_distinct("classes", self.classes, least=2)
        real = CLASS_NAMES[REAL]
        if len(self.classes) == 2 and self.classes[0] == real:
            raise SettingsError(f"classes are {', '.join(self.classes)}; allowed: of two, {real} as the second")
        scales = len(self.calibration.scale)
        if scales and (scales != len(self.classes) or scales == len(CLASS_NAMES)):
            raise SettingsError(
                f"calibration.scale has {scales} numbers; allowed: one for each of more than two classes"
            )
        if self.conformal is not None and len(self.classes) > len(CLASS_NAMES):
            raise SettingsError(f"conformal is set with {len(self.classes)} classes; allowed: two")
        for rule, value in self.thresholds.items():
            if not 0.0 <= value <= LARGEST_THRESHOLD:
                raise SettingsError(f"thresholds.{rule} is {value}; allowed: 0 to 1")
        if len(self.classes) == 2 and self.threshold_rule not in self.thresholds:
            known = ", ".join(sorted(self.thresholds)) or "none"
            raise SettingsError(
                f"threshold_rule is {self.threshold_rule[:60]!r}; allowed: one with a threshold: {known}"
            )

    def _require_members(self) -> None:
        if self.family != STACK:
            return
        _require_distinct("members", [member.folder for member in self.members], least=2)
        total = math.fsum(member.weight for member in self.members)
        if abs(total - 1.0) > _WEIGHT_TOLERANCE:
            raise SettingsError(f"the weights of the members sum to {total:g}; allowed: 1")


@dataclass(frozen=True, kw_only=True)
class _PitMap:
    predicted: tuple[float, ...]
    found: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, knots in (("predicted", self.predicted), ("found", self.found)):
            if len(knots) < 2 or knots[0] != 0 or knots[-1] != 1 or any(a > b for a, b in pairwise(knots)):
                raise SettingsError(f"{name} is {list(knots)[:6]}; allowed: numbers from 0 to 1 that do not fall")
        if len(self.predicted) != len(self.found):
            raise SettingsError("predicted and found differ in length")


@dataclass(frozen=True, kw_only=True)
class _Interval:
    limit: float
    miscoverage: float
    n: int

    def __post_init__(self) -> None:
        if not 0 < self.miscoverage < 1:
            raise SettingsError(f"miscoverage is {self.miscoverage}; allowed: above 0 and below 1")


@dataclass(frozen=True, kw_only=True)
class _RegressorValues:
    name: str
    family: str
    input: _Input
    edges: tuple[float, ...]
    head: Mapping[str, Any]
    pit_map: _PitMap | None
    interval: _Interval
    files: Mapping[str, str]

    def __post_init__(self) -> None:
        try:
            read_head(self.head, "package")
            require_edges(self.edges, "package")
        except InputError as fault:
            raise SettingsError(str(fault)) from None


def check_values(values: Mapping[str, object], where: str) -> None:
    """Refuse values of ``package.json`` that would make scores or labels wrong.

    Parameters
    ----------
    values : mapping
        Content of the file; values that decide no score, such as counts and metrics, may be anything.
    where : str
        The file's name, for the message.

    Raises
    ------
    InputError
        If there are faults; for each the key, the value and what is allowed are named.
    """
    kind: type[_Values | _RegressorValues] = _RegressorValues if values.get("family") == REGRESSOR else _Values
    names = [each.name for each in fields(kind)]
    try:
        parse(kind, {name: values[name] for name in names if name in values}, where)
    except SettingsError as fault:
        raise InputError(f"{fault}; restore the file or train again") from None


def _require_distinct(what: str, names: Iterable[str], *, least: int) -> None:
    listed = list(names)
    if len(listed) < least or len(set(listed)) < len(listed) or "" in listed:
        raise SettingsError(f"{what} are {listed}; allowed: at least {least} names, all different, none empty")
