"""What the settings of a survey of ``kind: table`` leave out: a row of a table has neither pixels nor nights.

Tested by tests/pipeline/surveys/test_table_settings.py.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pipeline.errors import NightsiftError

TABLE: Final = "table"
"""The kind of such a survey."""

SOURCES: Final = ("catalogue", "drawn_catalogue")
"""The sources that read tables of this kind, and no others."""

_OF_PIXELS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "cutout_size_pixel": 1,
        "longitude_deg": 0.0,
        "unit": "adu",
        "pixel_origin": 0,
        "mjd_night_offset_days": 0,
        "magic_values": (),
        "max_edge_fraction": 0.5,
        "edges": "missing",
        "edge_value": 0.0,
        "ephemeris": None,
    }
)
"""Keys that say nothing of a table, with the values that stand for that."""


def decided_by_kind(mapping: Mapping[object, object]) -> dict[str, object]:
    """Return the values of keys that the kind of a survey decides, where its file leaves them out.

    Parameters
    ----------
    mapping : mapping
        The content of the survey's file; its other faults are none of ours.
    """
    from pipeline.surveys.settings import ClosedRule  # which needs this module

    if mapping.get("kind") != TABLE:
        return {}
    survey_input = mapping.get("input")
    values: dict[str, object] = {
        "channels": feature_names(survey_input if isinstance(survey_input, Mapping) else {}) or ("features",),
        "cutout_size_pixel": 1,
        "pixel_scale_arcsec": math.nan,
        "longitude_deg": 0.0,
        "telescope": "",
        "closed": ClosedRule(after_hours=0.0),
    }
    return {name: value for name, value in values.items() if name not in mapping}


def feature_names(survey_input: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of the features that are used, as far as a survey's ``input`` states them rightly."""
    from pipeline.expressions.column_settings import used_features  # which needs numpy

    features, sets, use = (survey_input.get(name) for name in ("features", "feature_sets", "use"))
    if not isinstance(features, Mapping):
        return ()
    named = {str(name): str(text) for name, text in features.items()}
    try:
        return tuple(used_features(named, sets if isinstance(sets, Mapping) else {}, use or ()))  # type: ignore[arg-type]
    except (NightsiftError, TypeError):  # which the input's own class says
        return tuple(named)


def kind_faults(settings: Any) -> list[str]:
    """Return what contradicts the kind of a survey in its settings, a `SurveySettings`."""
    if (settings.kind == TABLE) != (settings.source in SOURCES):
        return [
            f"kind is {settings.kind!r} and source is {settings.source!r}; allowed: kind {TABLE!r} with source "
            f"{' or '.join(map(repr, SOURCES))}, and neither without the other"
        ]
    if settings.kind != TABLE:
        return []
    stated = [name for name, value in _OF_PIXELS.items() if getattr(settings, name) != value]
    stated += ["pixel_scale_arcsec"] if not math.isnan(settings.pixel_scale_arcsec) else []
    faults = [f"{name} is {getattr(settings, name)!r}, and a table has no such thing: leave it out" for name in stated]
    features = feature_names(settings.input)
    if features and settings.channels != features:
        faults.append(f"channels are {list(settings.channels)}; those of a table are its features: leave them out")
    return faults
