"""What a package makes its logits of: the latent vectors of a network, or the features that a classifier measures.

Tested by tests/models/explaining/test_explained.py.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.graphs import sessions
from models.graphs.latent_graph import with_latent
from models.graphs.sessions import LATENT
from models.scoring.model_inputs import GraphInputs
from models.scoring.runtime import Package
from pipeline.errors import IncompatiblePackageError

Vectors = Callable[[GraphInputs], NDArray[np.float32]]
"""Takes what goes into a graph, and returns a vector of each row, ``(n, f)``."""

KERAS = "model.keras"
"""File of a package with its network."""


def is_network(package: Package) -> bool:
    """Tell whether a package holds a network."""
    return (package.directory / KERAS).is_file()


def latent_vectors(package: Package) -> Vectors:
    """Return what gives the latent vectors of a network: the numbers that its last dense layer makes logits of.

    Parameters
    ----------
    package : Package
        Of a network.

    Raises
    ------
    IncompatiblePackageError
        If its logits are not those of a dense layer.
    """
    import onnx

    graph = onnx.load_model(package.directory / "model.onnx")
    named = [output.name for output in graph.graph.output]
    whole = graph if LATENT in named else with_latent(graph)
    if whole is None:
        raise IncompatiblePackageError(
            f"the logits of {package.name} are not those of a dense layer: no latent vectors"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "latent.onnx"
        path.write_bytes(whole.SerializeToString())
        session = sessions.open_session(path)
    return lambda given: sessions.run(session, given.first, given.more, threads=package.threads, output=LATENT)


def measured_features(given: GraphInputs) -> NDArray[np.float32]:
    """Return the features that a classifier takes as its vectors, ``(n, f)``; NaN is missing."""
    return given.first.reshape(len(given.first), -1)
