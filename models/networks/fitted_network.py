"""A trained network: its logits, and the files that it is written into.

Tested by tests/models/networks/test_network.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.framework import foreign_deprecations, keras, to_numpy
from models.graphs.keras_graph import from_keras
from models.inputs.metadata import MetadataScaling
from models.inputs.table_scaling import TableScaling
from models.networks.network import NetworkDesign, with_masks
from models.weights import ENDING, arrays_sha256, write_arrays


@dataclass(frozen=True, kw_only=True)
class FittedNetwork:
    """A trained network, ready to be measured and written.

    Attributes
    ----------
    model : keras.Model
        From raw pixels to logits.
    design : NetworkDesign
        What it was built from.
    threads : int
        Threads that trained it.
    weights : mapping
        Weights of some epochs, whichever of them the model has: ``best``, ``last``, and each that was asked for, as
        ``epochs/epoch-0010``; in the order of the model without symmetries. None of a network trained elsewhere.
    """

    model: Any
    design: NetworkDesign
    threads: int
    weights: Mapping[str, list[NDArray[np.floating]]] = field(default_factory=dict, repr=False)

    @property
    def scaling(self) -> MetadataScaling | None:
        """Return the scaling of the metadata that it takes; None of pixels alone."""
        return self.design.scaling

    @property
    def table(self) -> TableScaling | None:
        """Return the scaling of a table's features; None of cutouts."""
        return self.design.table

    def logits(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return the logits ``(n, columns)`` of selected raw pixels, and of raw metadata ``(n, k)`` if it takes any."""
        columns = self.model.outputs[0].shape[-1]
        logits = np.empty((len(pixels), columns), dtype=np.float32)
        for start in range(0, len(pixels), self.design.rows_at_once):
            rows = slice(start, start + self.design.rows_at_once)
            inputs = self.design.inputs(pixels[rows], None if metadata is None else metadata[rows])
            logits[rows] = to_numpy(self.model(inputs, training=False))
        return logits

    def write_weights(self, directory: Path) -> None:
        """Write ``best.weights.npz``, ``last.weights.npz`` and those of other epochs into a directory."""
        for name, arrays in self.weights.items():
            path = directory / f"{name}{ENDING}"
            path.parent.mkdir(exist_ok=True)
            write_arrays(path, arrays)

    def export(self, directory: Path) -> dict[str, Any]:
        """Write ``model.keras``, ``model.onnx`` and, with dropout, ``posterior.onnx``, each to logits, and the weights.

        Returns
        -------
        dict
            ``posterior``: what each mask is; ``weights_sha256``; ``parameters``.
        """
        with foreign_deprecations():
            self.model.save(directory / "model.keras")
        graphs = {"model.onnx": from_keras(self.model)}
        masked, masks = with_masks(self.model, self.design)
        if masked is not None:
            graphs["posterior.onnx"] = from_keras(masked)
        for name, graph in graphs.items():
            (directory / name).write_bytes(graph.SerializeToString())
        self.write_weights(directory)
        return {
            "posterior": masks,
            "parameters": int(self.model.count_params()),
            "weights_sha256": arrays_sha256(self.model.get_weights()),
        }

    def reference(
        self, directory: Path, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the logits by the written ``model.keras``, read back in safe mode."""
        with foreign_deprecations():
            model = keras().saving.load_model(directory / "model.keras", safe_mode=True, compile=False)
        return np.asarray(to_numpy(model(self.design.inputs(pixels, metadata), training=False)), dtype=np.float32)
