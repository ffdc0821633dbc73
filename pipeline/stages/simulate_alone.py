"""Injection into science images without a template: what can be injected there, and how far from other sources.

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
    "negative_share": "nothing can fade if nothing is subtracted",
    "host_share": "a galaxy is found with and without a source on it",
    "variable_share": "a star is found with and without a change",
}


def require_possible(images: ImageSimulation, difference: DifferenceSettings) -> None:
    """Refuse injections that a search cannot tell from the image's own sources if nothing is subtracted.

    Raises
    ------
    SettingsError
        If the recipe asks for such injections; the message has each of these keys.
    """
    shares = {} if difference.has_template else {name: getattr(images, name) for name in _IMPOSSIBLE}
    faults = [
        f"images.{name} is {value:g}; allowed: 0, because {_IMPOSSIBLE[name]}"
        for name, value in shares.items()
        if value
    ]
    if faults:
        raise SettingsError(f"the images are searched as they are (difference: none): {'; '.join(faults)}")


def every_source(science: Frame, template: Frame, difference: DifferenceSettings) -> NDArray[np.float64]:
    """Return the pixels ``(n, 2)`` of everything that a search of the image finds, vetoed or not.

    Injections keep away from them, because the search would take a star for the source that was injected beside it.
    """
    score = differencing(difference)(science, template).score
    sought = difference.sought
    found = find_sources(np.nan_to_num(score), None, sought.threshold_sigma, min_area_pixel=sought.min_area_pixel)
    return np.column_stack([found["x"], found["y"]]).astype(np.float64)
