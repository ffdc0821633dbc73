import numpy as np
import pytest

from models.framework import to_numpy
from models.networks.network import NetworkDesign, build
from models.recipes.classifier import load
from models.training.callbacks import StartEpoch, State
from pipeline.rng import stream


def state(*values, monitor="validation_loss"):
    recipe = load({"classifier": "triplet_cnn", "metrics": ["auc"], "monitor": monitor}, "test")
    return State(recipe=recipe, history=[{monitor: value} for value in values])


@pytest.mark.parametrize(
    ("monitor", "expected"),
    [("validation_loss", [0.5, 0.25]), ("validation_accuracy", [-0.5, -0.25]), ("validation_auc", [-0.5, -0.25])],
)
def test_the_smaller_monitored_value_is_the_better_one(monitor, expected):
    assert state(0.5, 0.25, monitor=monitor).monitored == expected


def test_an_epoch_starts_from_its_number_alone():
    design = NetworkDesign(
        classifier="triplet_cnn",
        normalisation="none",
        settings={"filters": [4], "dense": 4},
        n_classes=2,
        size_pixel=15,
        n_channels=1,
    )
    model = build(design, 0)
    model.compile(optimizer="adam")
    rows = type("Rows", (), {"epoch": 0})()
    start = StartEpoch(state(), rows, seed=7)
    start.set_model(model)
    start.on_epoch_begin(3)
    assert rows.epoch == 3
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-3)
    rng = stream(7, "dropout", "3")
    for layer in model.layers:
        if hasattr(layer, "seed_generator"):
            expected = rng.integers(2**32, size=2, dtype=np.uint32)
            np.testing.assert_array_equal(to_numpy(layer.seed_generator.state), expected)
