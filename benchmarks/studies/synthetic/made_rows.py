"""What the usual recipe of the ZTF data sets adds to the alerts: self-made bogus and injected reals, as pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.studies.artefacts.rows import Alerts, draw_places
from pipeline.rng import stream
from pipeline.triplets.artefacts import ARTEFACTS, default_mixture, turned
from pipeline.triplets.reals import inject_into_cutouts


@dataclass(frozen=True, kw_only=True)
class MadeRows:
    """Cutouts made of alerts.

    Attributes
    ----------
    slots, hosts : ndarray of int
        Alert that each self-made bogus, and each injected real, is made of.
    pixels : ndarray of float32, (slots + hosts, y, x, 3)
    """

    slots: NDArray[np.intp]
    hosts: NDArray[np.intp]
    pixels: NDArray[np.float32]


def make_rows(alerts: Alerts, seed: int) -> MadeRows:
    """Return self-made bogus of the default mixture and injected reals, as many as the alerts' recipe says."""
    rng = stream(seed, "worth")
    slots, hosts = draw_places(alerts, rng)
    mixture = default_mixture()
    weights = np.array(list(mixture.values()), dtype=np.float64)
    kinds = rng.choice(np.array(list(mixture)), size=len(slots), p=weights / weights.sum())
    bogus = np.empty((len(slots), *alerts.pixels.shape[1:]), dtype=np.float32)
    for name in np.unique(kinds):
        mine = kinds == name
        bogus[mine] = turned(ARTEFACTS[name](alerts.pixels[slots[mine]], stream(seed, "artefact", name)))
    reals, _ = inject_into_cutouts(alerts.pixels[hosts], stream(seed, "injected"), difference_turned=True)
    return MadeRows(slots=slots, hosts=hosts, pixels=np.concatenate([bogus, reals]))
