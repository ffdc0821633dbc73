"""A network, normalisation or metrics of the user's own, from a Python file that a classifier recipe names.

The file is executed where a classifier is trained, never where it scores: what it adds stands in the package's graph.

Tested by tests/models/recipes/test_user_module.py.
"""

import hashlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK
from pipeline.errors import MissingInputError, NightsiftError, SettingsError
from pipeline.io.settings_files import config_folder, expand

MODULE: Final = "module"
"""What a recipe calls the network, and the normalisation, of its own module."""
OWN: Final = "own"
"""The head of such a network: it ends in one unit per class, or in one for two classes, as psat-ml's do."""

Score = Callable[[NDArray[np.integer], NDArray[np.floating]], float]


@CLASSIFIERS.register(MODULE, family=NETWORK, head=OWN, minimum_size_pixel=1, minimum_channels=1, settings=())
def module(*_: object) -> None:
    """Take the network of the file that the recipe names as ``module``: its ``create_model``."""


@dataclass(frozen=True, kw_only=True)
class UserModule:
    """What a file of the user's adds.

    Attributes
    ----------
    path : Path
    sha256 : str
        Digest of the file, which is part of what decides a training.
    create_model : callable or None
        ``(num_classes, image_dim)``, as in psat-ml, or with a third parameter ``channels``; returns a Keras model that
        ends in ``num_classes`` units with softmax, or in one with sigmoid.
    normalise : callable or None
        From a tensor of raw pixels ``(n, y, x, channel)``, NaN where missing, to a finite one, by Keras' operations.
    metrics : mapping of str to callable
        Each ``(labels, scores) -> float``, larger being better.
    """

    path: Path
    sha256: str
    create_model: Callable[..., Any] | None
    normalise: Callable[[Any], Any] | None
    metrics: Mapping[str, Score]

    def logits(self, pixels: Any, n_classes: int) -> Any:
        """Return logits of normalised pixels, ``(n, 1)`` for two classes and ``(n, n_classes)`` otherwise.

        Raises
        ------
        SettingsError
            If there is no ``create_model``, or its model does not fit the cutouts or the classes.
        """
        if self.create_model is None:
            raise SettingsError(f"{self.path} has no create_model(num_classes, image_dim)")
        _, side, _, channels = pixels.shape
        more = {"channels": channels} if "channels" in inspect.signature(self.create_model).parameters else {}
        try:
            model = self.create_model(num_classes=n_classes, image_dim=side, **more)
            _require_fit(model, (side, side, channels))
            model.layers[-1].activation = keras().activations.linear
            columns = keras().Model(model.inputs, model.outputs[0])(pixels)  # without the optimiser of a compiled one
        except NightsiftError:
            raise
        except Exception as error:
            raise SettingsError(
                f"{self.path}: create_model(num_classes={n_classes}, image_dim={side}) gives no network for cutouts of "
                f"{side} x {side} pixels and {channels} channels: {type(error).__name__}: {_first_line(error)}"
            ) from error
        width = columns.shape[-1]
        if len(columns.shape) != 2 or width not in {n_classes, 1 if n_classes == 2 else n_classes}:
            raise SettingsError(f"{self.path}: the model ends in shape {columns.shape}; allowed: (None, {n_classes})")
        return columns[:, 1:] - columns[:, :1] if width == n_classes == 2 else columns


def _require_fit(model: Any, cutout: tuple[int, int, int]) -> None:
    """Raise `ValueError` if a model's stated input is not a cutout, which Keras finds only when it trains."""
    stated = tuple(model.input_shape[1:])
    if len(stated) != len(cutout) or any(one not in (None, other) for one, other in zip(stated, cutout, strict=True)):
        raise ValueError(f"its input has shape {stated}")


def path_of(name: str) -> Path:
    """Return the file that a recipe names: as it is, or relative to the folder of the settings."""
    return config_folder() / expand(name, "the Python file of your network")


def digest_of(name: str) -> str:
    """Return the digest of the file that a recipe names.

    Raises
    ------
    MissingInputError
        If there is no such file.
    """
    path = path_of(name)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise MissingInputError(f"module: no file {path}: {error.strerror}") from None


def load(name: str) -> UserModule:
    """Execute the file that a recipe names and return what it adds.

    Raises
    ------
    MissingInputError
        If there is no such file.
    SettingsError
        If it fails, or adds nothing that is known.
    """
    sha256, path = digest_of(name), path_of(name)
    spec = importlib.util.spec_from_file_location(f"nightsift_user_module_{sha256[:12]}", path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"module: {path} is not a Python file")
    found = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(found)
    except Exception as error:
        raise SettingsError(f"module: {path} fails: {type(error).__name__}: {_first_line(error)}") from error
    metrics = getattr(found, "metrics", {})
    parts = {part: getattr(found, part, None) for part in ("create_model", "normalise")}
    if not metrics and not any(parts.values()):
        raise SettingsError(f"module: {path} defines none of: create_model, normalise, metrics")
    return UserModule(path=path, sha256=sha256, metrics=dict(metrics), **parts)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0]
