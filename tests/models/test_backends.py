"""Networks under each of Keras' backends; slow, and of a backend only where it is installed."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from models.framework import BACKENDS
from models.networks.network import build, design_of
from models.recipes.classifier import load
from models.training.train import contract_of

RECIPE = {
    "classifier": "triplet_cnn",
    "settings": {"filters": [4, 8], "dense": 8, "dropout_rate": 0.0},  # each backend draws dropout of its own
    "normalisation": "asinh",
    "augment": ["rotate", "flip", "shift"],
    "weight_decay": 0.01,
    "batch_size": 32,
    "epochs": 1,
    "threads": 1,
}
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
import onnxruntime
from models.graphs import keras_graph
from models.recipes.classifier import load
from models.training import network_training
from models.training.in_memory import MemoryDataSet
from models.training.train import train
import pandas as pd

folder, recipe = Path(sys.argv[1]), json.loads(sys.argv[2])
given = np.load(folder / "given.npz")
first = [given[f"weights{place}"] for place in range(len([name for name in given if name.startswith("weights")]))]
fresh = network_training.build

def build(*arguments, **options):
    model = fresh(*arguments, **options)
    model.set_weights(first)
    return model

network_training.build = build
parts = {
    part: (pd.read_csv(folder / f"{part}.csv", dtype={"candidate_id": str}), given[part])
    for part in ("train", "validation")
}
trained = train(MemoryDataSet(parts=parts), load(recipe, "test"), 1, workdir=folder / "work" / sys.argv[3])
pixels = given["validation"][:8]
graph = keras_graph.from_keras(trained.fitted.model).SerializeToString()
by_graph = onnxruntime.InferenceSession(graph).run(None, {keras_graph.INPUT: pixels})[0]
print(json.dumps({
    **trained.history.iloc[0].to_dict(),
    "graph": float(np.abs(by_graph - trained.fitted.logits(pixels)).max()),
}))
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory, dataset):
    """Return a folder with rows to learn from and the weights to begin with."""
    folder = tmp_path_factory.mktemp("given")
    recipe = load(RECIPE, "test")
    model = build(design_of(recipe, contract_of(dataset, recipe), n_classes=2), 1)
    weights = {f"weights{place}": array for place, array in enumerate(model.get_weights())}
    parts = ("train", "validation")
    np.savez(folder / "given.npz", **weights, **{part: dataset.cutouts(part) for part in parts})
    for part in parts:
        dataset.candidates(part).to_csv(folder / f"{part}.csv", index=False)
    return folder


def first_epoch(given, backend):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(given), json.dumps(RECIPE), backend],
        env=os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def by_tensorflow(given):
    """Return what an epoch gives under the default backend."""
    return first_epoch(given, "tensorflow")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", sorted(set(BACKENDS) - {"tensorflow"}))
def test_an_epoch_gives_the_losses_of_tensorflow_and_a_graph_of_the_network(given, by_tensorflow, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install 'nightsift[{BACKENDS[backend]}]'")
    found = first_epoch(given, backend)
    for name in ("loss", "validation_loss"):
        assert found[name] == pytest.approx(by_tensorflow[name], abs=1e-3)
    assert found["graph"] < 1e-5
