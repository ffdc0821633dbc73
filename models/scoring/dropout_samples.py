"""Dropout samples of probabilities: what lies below the first mask is computed once, the rest for each sample.

Tested by tests/models/scoring/test_runtime.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.graphs.providers import Session
from models.graphs.sessions import outputs_of
from models.scoring.model_inputs import GraphInputs


@dataclass(frozen=True, kw_only=True)
class DropoutGraphs:
    """The graphs of which samples are drawn.

    Attributes
    ----------
    head : onnxruntime.InferenceSession
        Takes the masks, and what the trunk gives by its names; without a trunk, what the model takes.
    trunk : onnxruntime.InferenceSession or None
        Takes what the model takes; None where masks come in from the beginning, or in packages of before.
    masks : sequence of mapping
        ``name``, ``shape`` of a row and ``rate`` of each mask.
    threads : int
        Cores to use.
    """

    head: Session
    trunk: Session | None
    masks: Sequence[Mapping[str, Any]]
    threads: int

    def samples(self, given: GraphInputs, rngs: Sequence[np.random.Generator], count: int) -> NDArray[np.float32]:
        """Return sampled probabilities ``(count, n, k)``.

        Parameters
        ----------
        given : GraphInputs
            What the model takes for n rows.
        rngs : sequence of numpy.random.Generator
            One a row, which draws its masks.
        count : int
            Samples a row.
        """
        below = self._below(given)
        probabilities = self.head.get_outputs()[0].name
        return np.stack(
            [
                outputs_of(self.head, {**below, **self._drawn(rngs)}, [probabilities], self.threads)[0]
                for _ in range(count)
            ]
        )

    def _below(self, given: GraphInputs) -> dict[str, NDArray[np.float32]]:
        """Return what is the same in every sample, by the name under which the head takes it."""
        first = (self.head if self.trunk is None else self.trunk).get_inputs()[0].name
        feeds = {first: given.first, **given.more}
        if self.trunk is None:
            return feeds
        names = [output.name for output in self.trunk.get_outputs()]
        return dict(zip(names, outputs_of(self.trunk, feeds, names, self.threads), strict=True))

    def _drawn(self, rngs: Sequence[np.random.Generator]) -> dict[str, NDArray[np.float32]]:
        """Return masks of one sample, each ``(n, ...)``: 0, or 1 over the share that is kept."""
        masks = {}
        for mask in self.masks:
            kept = np.stack([rng.random(mask["shape"], dtype=np.float32) for rng in rngs]) >= mask["rate"]
            masks[mask["name"]] = kept.astype(np.float32) / np.float32(1.0 - mask["rate"])
        return masks
