"""Reads and writes the weights of a Keras 2 network, an HDF5 file, layer by layer; nothing in a file is executed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import h5py
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.io.legacy.columns import listed
from pipeline.io.legacy.hdf5_nodes import reading
from pipeline.io.results import hdf5

_MODEL: Final = "model_weights"
"""Group with the layers where the whole model was saved; they lie at the top where only the weights were."""
_LAYERS: Final = "layer_names"
_ARRAYS: Final = "weight_names"


@dataclass(frozen=True, kw_only=True)
class LayerWeights:
    """What a file holds for a layer.

    Attributes
    ----------
    name : str
        What the file calls it.
    arrays : tuple of ndarray of float32
        Its weights in Keras' order: kernel and bias, or scale, offset, mean and variance.
    """

    name: str
    arrays: tuple[NDArray[np.float32], ...]


def read_keras_weights(path: Path) -> list[LayerWeights]:
    """Return the layers that have weights, in the order of the network.

    Raises
    ------
    MissingInputError, InputError
        If there is no such file, or it is not an HDF5 file with the weights of a Keras 2 network.
    """
    with reading(path) as file:
        top = file.get(_MODEL, file)
        if not isinstance(top, h5py.Group) or not _has(top, _LAYERS):
            raise InputError(
                f"{path} holds no weights of a Keras 2 network (no attribute {_LAYERS!r}); there: {listed(file)}"
            )
        layers = [LayerWeights(name=name, arrays=_arrays(path, top, name)) for name in _names(top, _LAYERS)]
    return [layer for layer in layers if layer.arrays]


def write_keras_weights(path: Path, layers: Sequence[LayerWeights]) -> None:
    """Write layers as ``model.save_weights`` of Keras 2 does, for its ``load_weights``, in the order of the network.

    Parameters
    ----------
    path : Path
        The HDF5 file.
    layers : sequence of LayerWeights
        Those that have weights; each name appears once.
    """
    with hdf5.create(path) as file:
        file.attrs["keras_version"], file.attrs["backend"] = "2.15.0", "tensorflow"
        file.attrs[_LAYERS] = [layer.name.encode() for layer in layers]
        for layer in layers:
            group = file.create_group(layer.name)
            inner = [f"{layer.name}/weight_{number}:0" for number in range(len(layer.arrays))]
            group.attrs[_ARRAYS] = [name.encode() for name in inner]
            for name, array in zip(inner, layer.arrays, strict=True):
                group.create_dataset(name, data=array, track_times=False)


def _arrays(path: Path, top: h5py.Group, layer: str) -> tuple[NDArray[np.float32], ...]:
    group = top.get(layer)
    if not isinstance(group, h5py.Group):
        raise InputError(f"{path} names a layer {layer!r} and holds no group of it")
    arrays = []
    for name in _names(group, _ARRAYS):
        found = group.get(name)
        if not isinstance(found, h5py.Dataset) or found.dtype.kind != "f":
            raise InputError(f"{path}: layer {layer!r}: {name!r} is not an array of floating-point numbers")
        array = np.asarray(found[()], dtype=np.float32)
        if not np.isfinite(array).all():
            raise InputError(f"{path}: layer {layer!r}: {name!r} holds numbers that are not finite")
        arrays.append(array)
    return tuple(arrays)


def _has(group: h5py.Group, attribute: str) -> bool:
    return attribute in group.attrs or f"{attribute}0" in group.attrs


def _names(group: h5py.Group, attribute: str) -> Iterator[str]:
    """Yield the texts of an attribute, which Keras splits into numbered ones where it is long."""
    pieces = [attribute] if attribute in group.attrs else []
    while not pieces or pieces[-1] != attribute:
        piece = f"{attribute}{len(pieces)}"
        if piece not in group.attrs:
            break
        pieces.append(piece)
    for piece in pieces:
        for name in np.atleast_1d(group.attrs[piece]):
            yield name.decode() if isinstance(name, bytes) else str(name)
