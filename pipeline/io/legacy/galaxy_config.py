"""Converts the ``config.yaml`` of the galaxy-classification project to our settings, key by key.

Tested by tests/pipeline/io/legacy/test_galaxy10.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.files.bounded_yaml import parse_yaml

_DATASET = {
    "seed": "split.seed",
    "validation_dataset_proportion": "split.validation",
    "test_dataset_proportion": "split.test",
}
_CLASSIFIER = {
    "batch_size": "batch_size",
    "nb_epochs": "epochs",
    "weight_decay": "weight_decay",
    "learning_rate.initial": "learning_rate",
    "learning_rate.patience": "early_stopping_patience",
}
NOT_MAPPED = {
    "dataset_percentage": "no part of a set is drawn; thin the file before its import",
    "intermediate_forward": "no cache of a frozen network's activations",
    "freeze_beginning": "no frozen layers yet",
    "last_frozen_layer": "no frozen layers yet",
    "delte_pretrained_model_ending": "no pretrained networks yet",
    "intermediate_activation_map_size": "no cache of a frozen network's activations",
    "model": "no ResNet yet",
    "fully_connected_hidden_layers": "the head belongs to the architecture; see settings of a classifier",
    "nb_output_classes": "follows from the data set",
    "load_checkpoint": "a stopped training goes on by itself",
    "checkpoint_path": "a stopped training goes on by itself",
    "learning_rate.decrease_on_plateau": "the rate is constant or falls along a half cosine",
    "paths": "results go below NIGHTSIFT_DATA",
}
"""Keys without a counterpart, and why."""


@dataclass(frozen=True, kw_only=True)
class GalaxySettings:
    """A ``config.yaml`` of the galaxy project as settings of ours.

    Attributes
    ----------
    dataset : dict
        Keys of a file of ``config/datasets``, to be completed with ``survey`` and ``nights``.
    classifier : dict
        Keys of a file of ``config/classifiers``, to be completed with ``classifier``.
    not_mapped : dict
        Every other key of the file, and why it has no counterpart.
    """

    dataset: dict[str, object]
    classifier: dict[str, object]
    not_mapped: dict[str, str]


def galaxy_settings(path: Path) -> GalaxySettings:
    """Return our settings for a ``config.yaml`` of the galaxy project.

    Raises
    ------
    MissingInputError, InputError
        If there is no such file, it is not a YAML mapping, or a mapped value is not a number.
    """
    content = _flat(_read(path))
    dataset: dict[str, object] = {}
    classifier: dict[str, object] = {}
    for names, target in ((_DATASET, dataset), (_CLASSIFIER, classifier)):
        for theirs, ours in names.items():
            if theirs in content:
                _set(target, ours, _number(content[theirs], theirs, path))
    rest = {key for key in content if key not in _DATASET and key not in _CLASSIFIER}
    not_mapped = {
        key: NOT_MAPPED.get(key) or NOT_MAPPED.get(key.partition(".")[0], "unknown to the galaxy project as well")
        for key in sorted(rest)
    }
    return GalaxySettings(dataset=dataset, classifier=classifier, not_mapped=not_mapped)


def _read(path: Path) -> Mapping[str, object]:
    if not path.is_file():
        raise MissingInputError(f"no file {path}")
    try:
        mapping = parse_yaml(path.read_text(encoding="utf-8"), str(path))
    except SettingsError as error:
        raise InputError(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(mapping, dict):
        raise InputError(f"{path} does not hold a mapping")
    return {str(key): value for key, value in mapping.items()}


def _flat(mapping: Mapping[str, object]) -> dict[str, object]:
    """Return keys with those below them joined by a point; lists stay whole."""
    flat: dict[str, object] = {}
    for key, value in mapping.items():
        inner = {f"{key}.{name}": below for name, below in value.items()} if isinstance(value, dict) else {key: value}
        flat |= inner
    return flat


def _number(value: object, key: str, path: Path) -> float | int:
    """Return a number; YAML takes ``5e-5`` for text."""
    try:
        if isinstance(value, bool):
            raise ValueError
        return value if isinstance(value, int) else float(str(value))
    except ValueError:
        raise InputError(f"{path}: {key!r} is {str(value)[:40]!r}; allowed: a number") from None


def _set(target: dict[str, object], key: str, value: object) -> None:
    outer, point, inner = key.partition(".")
    below = target.get(outer, {})
    target[outer] = {**below, inner: value} if point and isinstance(below, dict) else value
