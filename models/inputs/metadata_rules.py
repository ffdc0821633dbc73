"""Which columns of the candidates a classifier may see beside the pixels: none that gives labels away.

A label is easily guessed from what is no property of the source: the labelled bogus are of other nights, brighter, or
found more often than the reals. A classifier that sees such a column has excellent figures on its data set and none in
the sky, so that these columns are refused by name (:data:`FORBIDDEN`).

Tested by tests/models/inputs/test_metadata_rules.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Why columns are forbidden, and which.

    Attributes
    ----------
    why : str
        What such a column tells of a row beside what the source looks like.
    patterns : tuple of str
        Names in lower case, ``*`` for any letters and ``[0-9]`` for a digit.
    """

    why: str
    patterns: tuple[str, ...]


FORBIDDEN: Final[Mapping[str, Rule]] = {
    "labels": Rule(
        why="the label itself, or what it was made from",
        patterns=("label*", "kind", "*_type", "truth*", "spec*", "injec*", "host_offset*", "ssdistnr", "ssmagnr",
                  "ssnamenr", "ssobject*", "sso*", "flags"),
    ),
    "scores": Rule(
        why="another classifier's score, from which the labels may come and whose errors would be learnt",
        patterns=("rb", "rb_*", "drb*", "rbversion", "score", "score_*", "*_score", "*reliability*", "real_bogus*",
                  "realbogus*", "braai*", "acai*", "btsbot*", "bts_*", "fink_*", "cider*", "snn_*", "rf_*", "p_[0-9]*",
                  "prob*", "teacher*"),
    ),
    "dates": Rule(
        why="when it was seen, and labelled rows of one class come from certain nights",
        patterns=("jd*", "*jd", "*_jd_*", "*mjd*", "*date*", "night*", "nid", "time*", "*_time", "utc*", "epoch*",
                  "year", "month", "season*", "doy", "lst", "hour_angle*", "airmass*"),
    ),
    "fields": Rule(
        why="where it was seen, and labelled rows of one class come from certain fields, detectors and exposures",
        patterns=("field*", "*_field", "rfid", "rcid", "ccd*", "quadrant*", "detector*", "telescope*", "pid", "visit*",
                  "program*", "exposure_id", "ra", "ra_*", "*_ra", "ranr", "dec", "dec_*", "*_dec", "decnr", "glat*",
                  "glon*", "l", "b", "htmid*", "chan", "channel", "amp*", "col", "column", "x", "y",
                  "xpos", "ypos", "x_pixel", "y_pixel", "mindtoedge"),
    ),
    "sources": Rule(
        why="where the row comes from or which it is",
        patterns=("src_*", "source*", "*_source", "publisher*", "schemavsn", "*version*", "tblid", "n_copies", "id",
                  "*_id", "candid", "objectid*", "*sourceid", "*objectid", "stamp_*", "pad_[xy]", "part", "split",
                  "fold"),
    ),
    "history": Rule(
        why="how often its place was detected or looked at, which labelled rows were chosen by",
        patterns=("*hist*", "ndet*", "n_det*", "ncov*", "n_prv*", "*prv*", "*previous*", "age*", "days_*",
                  "ndiasources"),
    ),
    "magnitudes": Rule(
        why="how bright it or its neighbour is, and labelled rows of one class are the brighter ones",
        patterns=("mag*", "*_mag*", "*mag", "*mag[0-9]*", "*magpsf*", "*magap*", "*maglim*", "*magnr*", "sigmapsf",
                  "maggaia", "flux", "flux_[!s]*", "*_flux", "*flux", "*fluxerr*", "*flux_err*", "zeropoint", "zp*",
                  "clrc*", "snr", "snr_*", "scorr", "signal*"),
    ),
}  # fmt: skip
"""The rules by name, which are the default of ``forbidden``. Read from the real alerts of ZTF: each of these columns
separates the labelled rows there, alone or by whether it is missing."""


_LABELS: Final = ("label", "label_source", "kind")
"""Columns that hold the label itself, which no setting allows."""


@dataclass(frozen=True, kw_only=True)
class MetadataRecipe:
    """Columns of the candidates that a classifier sees beside the pixels.

    Attributes
    ----------
    columns : tuple of str
        Columns of numbers of the cutout files, each once; beside the candidate columns those that the survey's
        ``metadata`` names.
    units : int
        Units of the layer between the columns and the head of a network, at least 1.
    forbidden : tuple of str
        What ``columns`` may not name, whatever their case: rules, ``labels``, ``scores``, ``dates``, ``fields``,
        ``sources``, ``history`` and ``magnitudes``, which docs/labels.md#columns-that-give-labels-away explains, or
        names of columns, with ``*`` for any letters (the singular of a rule is the rule); ``label``, ``label_source``
        and ``kind`` always are.
    """

    columns: tuple[str, ...]
    units: int = 16
    forbidden: tuple[str, ...] = tuple(FORBIDDEN)

    def __post_init__(self) -> None:
        faults = [*self._name_faults(), *filter(None, (self._refusal(name) for name in self.columns))]
        if faults:
            raise SettingsError("; ".join(faults))

    def _name_faults(self) -> Iterator[str]:
        if not self.columns or len(set(self.columns)) < len(self.columns):
            yield f"'columns' is {list(self.columns)}; allowed: at least one name, each once"
        if self.units < 1:
            yield f"'units' is {self.units}; allowed: at least 1"

    def _refusal(self, column: str) -> str:
        """Return why a column is forbidden; empty where it is not."""
        if column.lower() in _LABELS:
            return f"'columns' names {column!r}, forbidden by the rule 'labels' (always): it is the label; leave it out"
        for entry in self.forbidden:
            rule = _rule_of(entry.lower())
            broken = next((pattern for pattern in rule.patterns if fnmatchcase(column.lower(), pattern)), "")
            if broken and rule.why:
                return (
                    f"'columns' names {column!r}, forbidden by the rule {entry!r} ({broken}): it says {rule.why}; "
                    "leave it out, or state 'forbidden' without this rule"
                )
            if broken:
                return f"'columns' names {column!r}, forbidden by {entry!r} of 'forbidden'; leave it out"
        return ""


def _rule_of(entry: str) -> Rule:
    """Return the rule that an entry of ``forbidden`` names, also by its singular, else one of that column alone."""
    return FORBIDDEN.get(entry) or FORBIDDEN.get(f"{entry}s") or Rule(why="", patterns=(entry,))
