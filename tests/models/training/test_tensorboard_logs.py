import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from models.recipes.classifier import load
from models.training.tensorboard_logs import TensorBoardLogs
from models.training.train import train

EPOCHS = [
    {"epoch": 1, "loss": 0.5, "validation_loss": 0.75, "validation_auc": 0.5, "learning_rate": 0.25, "seconds": 3.0},
    {"epoch": 2, "loss": 0.25, "validation_loss": 0.5, "validation_auc": 1.0, "learning_rate": 0.125, "seconds": 2.0},
]


def scalars(folder):
    """Return ``{tag: [(step, value), ...]}`` of all event files in a folder."""
    read = EventAccumulator(str(folder))
    read.Reload()
    return {tag: [(one.step, one.value) for one in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def test_scalars_have_the_names_places_and_steps_of_keras(tmp_path):
    with TensorBoardLogs(tmp_path, EPOCHS[:1]) as logs:
        logs.add(EPOCHS[1])
    assert scalars(tmp_path / "train") == {
        "epoch_loss": [(0, 0.5), (1, 0.25)],
        "epoch_learning_rate": [(0, 0.25), (1, 0.125)],
    }
    assert scalars(tmp_path / "validation") == {
        "epoch_loss": [(0, 0.75), (1, 0.5)],
        "epoch_auc": [(0, 0.5), (1, 1.0)],
    }


def test_an_epoch_that_was_logged_and_is_done_again_stands_there_once(tmp_path):
    with TensorBoardLogs(tmp_path, EPOCHS):
        pass
    with TensorBoardLogs(tmp_path, EPOCHS[:1]) as logs:
        logs.add(EPOCHS[1])
    assert scalars(tmp_path / "train")["epoch_loss"] == [(0, 0.5), (1, 0.25)]


def test_a_training_that_was_killed_and_goes_on_has_each_epoch_once(tmp_path, toy, monkeypatch):
    def interrupt(share, message):
        raise KeyboardInterrupt

    monkeypatch.setenv("NIGHTSIFT_TENSORBOARD", str(tmp_path / "boards"))
    recipe, dataset = load({**toy.network, "epochs": 3}, "test"), toy.dataset(rows=(64, 32, 2))
    with pytest.raises(KeyboardInterrupt):
        train(dataset, recipe, 1, workdir=tmp_path / "toy.training", progress=interrupt)
    history = train(dataset, recipe, 1, workdir=tmp_path / "toy.training").history
    (folder,) = (tmp_path / "boards").iterdir()
    assert folder.name.startswith("toy-")
    assert scalars(folder / "train")["epoch_loss"] == list(enumerate(pytest.approx(loss) for loss in history["loss"]))
    assert len(scalars(folder / "validation")["epoch_accuracy"]) == 3
