"""Converts the ``config.yaml`` of the galaxy-classification project to our settings, key by key, in both spellings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.files.bounded_yaml import parse_yaml

_README_PREFIX: Final = "model_architecture."
"""What its README puts before the keys of the network, and its program does not."""
_README_NAMES: Final = {"learning_rate.initial_value": "learning_rate.initial"}
"""Keys of its README by what its program calls them."""

_DATASET: Final = {
    "seed": "split.seed",
    "validation_dataset_proportion": "split.validation",
    "test_dataset_proportion": "split.test",
    "dataset_percentage": "share",
}
_CLASSIFIER: Final = {
    "batch_size": "batch_size",
    "nb_epochs": "epochs",
    "weight_decay": "weight_decay",
    "learning_rate.initial": "learning_rate",
    "learning_rate.patience": "plateau_patience",
}
MODELS: Final = {"resnet18": "resnet18", "resnet50": "resnet50v2"}
"""Its networks by our names; its ResNet50 has other blocks than the version 2 that stands for it."""
ALWAYS: Final[Mapping[str, object]] = {
    "normalisation": "bytes",
    "resize_pixel": 224,
    "optimizer": "sgd",
    "class_weight": "none",
    "early_stopping_patience": 0,
    "monitor": "validation_accuracy",
    "plateau_factor": 0.1,
}
"""What its program does without a key that says so."""
_FROZEN: Final = ("freeze_beginning", "last_frozen_layer")
_CHECKPOINT: Final = ("load_checkpoint", "checkpoint_path")
NOT_MAPPED: Final = {
    "intermediate_forward": "no cache of a frozen network's activations: frozen layers cost one pass forward an epoch",
    "intermediate_activation_map_size": "no cache of a frozen network's activations",
    "delte_pretrained_model_ending": "the head always takes the place of the network's own last layer",
    "nb_output_classes": "follows from the classes of the survey",
    "paths": "results go below NIGHTSIFT_DATA, under names that their settings decide",
}
"""Keys without a counterpart, and why."""
_UNKNOWN: Final = "unknown to the galaxy project as well"


@dataclass(frozen=True, kw_only=True)
class GalaxySettings:
    """A ``config.yaml`` of the galaxy project as settings of ours.

    Attributes
    ----------
    dataset : dict
        Keys of a file of ``config/datasets``, to be completed with ``survey`` and ``nights``.
    classifier : dict
        Keys of a file of ``config/classifiers``.
    not_mapped : dict
        Every other key of the file, and why it has no counterpart.
    """

    dataset: dict[str, object]
    classifier: dict[str, object]
    not_mapped: dict[str, str]


def galaxy_settings(path: Path) -> GalaxySettings:
    """Return our settings for a ``config.yaml`` of the galaxy project.

    Parameters
    ----------
    path : Path
        The file, in the spelling of its program (``learning_rate.initial``, ``model``) or of its README
        (``learning_rate.initial_value``, ``model_architecture.model``).

    Raises
    ------
    MissingInputError, InputError
        If there is no such file, it is not a YAML mapping, states a key in both spellings, or a mapped value is none
        that is allowed.
    """
    content = _one_spelling(_flat(_read(path)), path)
    dataset: dict[str, object] = {}
    classifier: dict[str, object] = dict(ALWAYS)
    for names, target in ((_DATASET, dataset), (_CLASSIFIER, classifier)):
        for theirs, ours in names.items():
            if theirs in content:
                _set(target, ours, _number(content[theirs], theirs, path))
    not_mapped = {
        key: NOT_MAPPED.get(key) or NOT_MAPPED.get(key.partition(".")[0], _UNKNOWN)
        for key in sorted({*content} - {*_DATASET, *_CLASSIFIER, *_READERS, *_FROZEN, *_CHECKPOINT})
    }
    for key, read in _READERS.items():
        if key in content:
            classifier |= read(content[key], f"{path}: {key!r}")
    classifier.setdefault("classifier", MODELS["resnet18"])
    start, without = _start(content)
    if start:
        classifier["fine_tuning"] = start
    return GalaxySettings(dataset=dataset, classifier=classifier, not_mapped=not_mapped | without)


def _model(value: object, where: str) -> dict[str, object]:
    if str(value) not in MODELS:
        raise InputError(f"{where} is {str(value)[:40]!r}; allowed: {', '.join(MODELS)}")
    return {"classifier": MODELS[str(value)]}


def _head(value: object, where: str) -> dict[str, object]:
    """Return the head: the same units and activations in the same order, and no dropout, which it does not have."""
    entries = value if isinstance(value, list) else [value]
    head = [entry.lower() if isinstance(entry, str) else entry for entry in entries]
    if not all(isinstance(entry, str) or (isinstance(entry, int) and not isinstance(entry, bool)) for entry in head):
        raise InputError(f"{where} is {str(value)[:80]}; allowed: a list of units and activations, as [512, relu]")
    return {"settings": {"head": head, "dropout_rate": 0.0}}


def _schedule(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, bool):
        raise InputError(f"{where} is {str(value)[:40]!r}; allowed: true, false")
    return {"learning_rate_schedule": "plateau" if value else "constant"}


_READERS: Final[Mapping[str, Callable[[object, str], dict[str, object]]]] = {
    "model": _model,
    "fully_connected_hidden_layers": _head,
    "learning_rate.decrease_on_plateau": _schedule,
}
"""What reads each key that is no number."""


def _start(content: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Return the key ``fine_tuning``, and which keys say nothing or cannot be taken over."""
    start: dict[str, object] = {}
    without: dict[str, str] = {}
    layer, path = str(content.get("last_frozen_layer") or ""), str(content.get("checkpoint_path") or "")
    if layer:
        start["frozen_to"] = layer.replace(".", "_")
    if "freeze_beginning" in content:
        without["freeze_beginning"] = "fine_tuning.frozen_to alone decides; its program froze whatever this key said"
    if content.get("load_checkpoint") and path:
        without["checkpoint_path"] = (
            f"{path!r} is a pickle; save its weights as safetensors and state them as fine_tuning.weights"
        )
    elif "checkpoint_path" in content:
        without["checkpoint_path"] = "load_checkpoint is not set"
    if "load_checkpoint" in content:
        without["load_checkpoint"] = "a stopped training goes on by itself; fine_tuning.weights starts from a file"
    if "last_frozen_layer" in content and not layer:
        without["last_frozen_layer"] = "empty: nothing is frozen"
    return start, without


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
    """Return keys with those below them joined by points; lists stay whole."""
    flat: dict[str, object] = {}
    for key, value in mapping.items():
        below = _flat({str(name): inner for name, inner in value.items()}) if isinstance(value, dict) else None
        flat |= {key: value} if below is None else {f"{key}.{name}": inner for name, inner in below.items()}
    return flat


def _one_spelling(content: Mapping[str, object], path: Path) -> dict[str, object]:
    """Return the content under the names of the program; a key in both spellings is an error."""
    found: dict[str, object] = {}
    for key, value in content.items():
        short = key.removeprefix(_README_PREFIX)
        name = _README_NAMES.get(short, short)
        if name in found:
            raise InputError(f"{path}: {name!r} is stated twice, in two spellings; allowed: once")
        found[name] = value
    return found


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
