"""Simulation into science images without a template: what can be injected there, and where it can be told apart.

Tested by tests/pipeline/stages/test_simulate_images.py.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError
from pipeline.imaging.frame import Frame
from pipeline.imaging.sources import find_sources
from pipeline.recipes.injection import ImageSimulation
from pipeline.surveys.difference_settings import DifferenceSettings
from pipeline.surveys.exposures.difference import differencing

_IMPOSSIBLE = {
    "negative_share": "nothing fades where nothing is subtracted",
    "host_share": "a galaxy is found with and without a source on it",
    "variable_share": "a star is found with and without a change",
}


def require_possible(settings: ImageSimulation, how: DifferenceSettings) -> None:
    """Refuse what a search cannot tell from the image's own sources where nothing is subtracted.

    Raises
    ------
    SettingsError
        With each such key of the recipe.
    """
    given = {} if how.has_template else {name: getattr(settings, name) for name in _IMPOSSIBLE}
    faults = [
        f"images.{name} is {value:g}; allowed: 0, for {_IMPOSSIBLE[name]}" for name, value in given.items() if value
    ]
    if faults:
        raise SettingsError(f"the images are searched as they are (difference: none): {'; '.join(faults)}")


def every_source(science: Frame, template: Frame, how: DifferenceSettings) -> NDArray[np.float64]:
    """Return where a search of the image as it is finds anything, vetoed or not, (n, 2), which injections keep off.

    A source injected beside a star would count as recovered by the star.
    """
    score = differencing(how)(science, template).score
    sought = how.sought
    found = find_sources(np.nan_to_num(score), None, sought.threshold_sigma, min_area_pixel=sought.min_area_pixel)
    return np.column_stack([found["x"], found["y"]]).astype(np.float64)
