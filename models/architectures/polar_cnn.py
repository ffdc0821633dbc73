"""A network that sees galaxies in polar coordinates about the central pixel: a turn is a shift along the angle.

Tested by tests/models/architectures/test_polar_cnn.py.
"""

from typing import Any

import numpy as np

from models.architectures.dense_head import dense_head
from models.architectures.heads import SIGMOID
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout
from pipeline.errors import SettingsError


@CLASSIFIERS.register("polar_cnn", family=NETWORK, head=SIGMOID, minimum_size_pixel=16, minimum_channels=1)
def polar_cnn(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (16, 32, 64, 96),
    radii: int = 32,
    angles: int = 64,
    head: tuple[int | str, ...] = (64, "relu"),
    dropout_rate: float = 0.3,
) -> Any:
    """Halve radii and angles with each stage of two convolutions, then take mean and maximum over the angles.

    The convolutions go around the circle, so that what they see of a turned galaxy is the same, shifted; mean and
    maximum do not change by that. Turned by a quarter of a circle, or by as many angles as the stages join, a galaxy
    gives the same output, by others nearly so. What differs by radius stays apart. 236,660 weights of three channels
    and four classes.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Normalised images, the galaxy on pixel ``size // 2``.
    dropout : callable
        Applied before each dense layer.
    filters : tuple of int
        Filters of each stage.
    radii, angles : int
        Places at which the image is read, interpolated; radii from half a pixel to the edge of the image.
    head : tuple of int and str
        Units of dense layers and activations, in their order.
    dropout_rate : float
        Share of units dropped.

    Raises
    ------
    SettingsError
        If the stages cannot halve radii or angles so often.
    """
    joined = 2 ** len(filters)
    if radii < joined or angles % joined:
        raise SettingsError(
            f"'settings.radii' is {radii} and 'settings.angles' {angles}; allowed with {len(filters)} stages: at least "
            f"{joined} radii, and a multiple of {joined} angles"
        )
    layers, ops = keras().layers, keras().ops
    hidden = polar(inputs, radii, angles)
    for stage, count in enumerate(filters):
        for part in range(2):
            name = f"stage{stage}_{part}"
            around = ops.concatenate([hidden[:, :, -1:], hidden, hidden[:, :, :1]], axis=2)
            around = layers.ZeroPadding2D(((1, 1), (0, 0)))(around)
            hidden = layers.Conv2D(count, 3, use_bias=False, name=f"{name}_conv")(around)
            hidden = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(hidden)
            hidden = layers.ReLU(name=f"{name}_relu")(hidden)
        hidden = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(hidden)
    seen = layers.Concatenate()([ops.mean(hidden, axis=2), ops.max(hidden, axis=2)])
    return dense_head(layers.Flatten()(seen), dropout, head, dropout_rate)


def polar(pixels: Any, radii: int, angles: int) -> Any:
    """Return images read along circles about pixel ``size // 2``, linearly interpolated.

    Parameters
    ----------
    pixels : tensor, shape (n, y, x, channel)
        Finite pixels.
    radii, angles : int
        Circles, evenly spaced from half a pixel to one pixel within half the side, and places on each, from x towards
        y.

    Returns
    -------
    tensor, shape (n, radius, angle, channel)
    """
    ops = keras().ops
    _, height, width, channels = pixels.shape
    radius = np.linspace(0.5, min(height, width) / 2 - 1, radii)[:, None]
    angle = 2 * np.pi * np.arange(angles) / angles
    y, x = height // 2 + radius * np.sin(angle), width // 2 + radius * np.cos(angle)
    below, left = np.floor(y).astype(int), np.floor(x).astype(int)
    flat = ops.reshape(pixels, (-1, height * width, channels))
    read = 0.0
    for row, row_share in ((below, below + 1 - y), (below + 1, y - below)):
        for column, column_share in ((left, left + 1 - x), (left + 1, x - left)):
            inside = np.minimum(row, height - 1) * width + np.minimum(column, width - 1)  # beyond, the share is 0
            share = (row_share * column_share).astype(np.float32).ravel()[:, None]
            read = ops.take(flat, inside.ravel().astype(np.int32), axis=1) * share + read
    return ops.reshape(read, (-1, radii, angles, channels))
