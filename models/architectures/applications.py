"""Backbones of ``keras.applications``, from their first weights: a file of weights is a recipe's ``fine_tuning``.

Each takes images between 0 and 1, as the normalisation ``bytes`` gives them, and does within the graph what its authors
did to pixels.

Tested by tests/models/architectures/test_galaxy_networks.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from models.architectures.dense_head import dense_head
from models.architectures.heads import SIGMOID
from models.architectures.resnet import standardised
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout

SMALLEST_PIXEL: Final = 32
_SETTINGS: Final = """

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Images normalised to 0 to 1.
    dropout : callable
        Applied before each dense layer.
    head : tuple of int and str
        Units of dense layers and activations, in their order.
    dropout_rate : float
        Share of units dropped.
    """


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A network of ``keras.applications``.

    Attributes
    ----------
    keras_name : str
        Its function there.
    summary : str
        What it is, where it was published, and how many weights it has before the head.
    channels : int
        The fewest that it takes.
    pixels : callable
        From pixels between 0 and 1 to those that it was made for.
    options : mapping
        Further arguments of the function.
    """

    keras_name: str
    summary: str
    channels: int
    pixels: Callable[[Any], Any]
    options: Mapping[str, object] = field(default_factory=dict)


def minus_one_to_one(pixels: Any) -> Any:
    """Return pixels from -1 to 1 of those from 0 to 1."""
    return keras().layers.Rescaling(2.0, -1.0, name="minus_one_to_one")(pixels)


BACKBONES: Final[Mapping[str, Backbone]] = {
    "resnet50v2": Backbone(
        keras_name="ResNet50V2",
        summary="Residual network of 50 layers, version 2 (He et al. 2016, ECCV, 630): 23,564,800 weights before the "
        "head.",
        channels=1,
        pixels=minus_one_to_one,
    ),
    "efficientnetv2b0": Backbone(
        keras_name="EfficientNetV2B0",
        summary="EfficientNetV2-B0 (Tan and Le 2021, ICML, 10096): 5,919,312 weights before the head; of three "
        "colours, standardised as ImageNet's.",
        channels=3,
        pixels=standardised,
        options={"include_preprocessing": False},
    ),
}
"""By the name that a recipe gives."""


def _classifier(backbone: Backbone) -> Callable[..., Any]:
    """Return the registered function of a backbone."""

    def build(inputs: Any, dropout: Dropout, *, head: tuple[int | str, ...] = (), dropout_rate: float = 0.2) -> Any:
        network = getattr(keras().applications, backbone.keras_name)
        seen = network(
            include_top=False, weights=None, input_tensor=backbone.pixels(inputs), pooling="avg", **backbone.options
        )
        return dense_head(seen.output, dropout, head, dropout_rate)

    build.__doc__ = f"{backbone.summary}{_SETTINGS}"
    return build


for _name, _backbone in BACKBONES.items():
    CLASSIFIERS.register(
        _name, family=NETWORK, head=SIGMOID, minimum_size_pixel=SMALLEST_PIXEL, minimum_channels=_backbone.channels
    )(_classifier(_backbone))
