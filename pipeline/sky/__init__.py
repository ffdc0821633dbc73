"""The synthetic sky: what lies in it, the visits, the optics, the detector, and the truth about candidates."""

from pipeline.sky.clouds import CloudSettings
from pipeline.sky.exposure import Exposure, Template, render_exposure, render_template
from pipeline.sky.field import Field, draw_field, point_sources
from pipeline.sky.ghosts import GhostSettings
from pipeline.sky.rates import SkyRates
from pipeline.sky.satellites import SatelliteSettings
from pipeline.sky.settings import SkySettings
from pipeline.sky.transient_kinds import TRANSIENTS
from pipeline.sky.truth import REAL_KINDS, explain
from pipeline.sky.variables import VARIABLE_TYPES
from pipeline.sky.visits import Visit, plan_visits, tangent_wcs

__all__ = [
    "REAL_KINDS",
    "TRANSIENTS",
    "VARIABLE_TYPES",
    "CloudSettings",
    "Exposure",
    "Field",
    "GhostSettings",
    "SatelliteSettings",
    "SkyRates",
    "SkySettings",
    "Template",
    "Visit",
    "draw_field",
    "explain",
    "plan_visits",
    "point_sources",
    "render_exposure",
    "render_template",
    "tangent_wcs",
]
