"""Keras networks from raw pixels to logits, also with dropout masks as inputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import models.architectures  # noqa: F401  (enters the classifiers)
from models.architectures.heads import HEADS
from models.framework import keras
from models.graphs.keras_graph import INPUT
from models.inputs.contract import InputContract
from models.inputs.metadata import METADATA, MetadataScaling, require_given
from models.inputs.table_scaling import TableScaling
from models.networks.dropouts import Dropouts
from models.networks.metadata_layers import encoded, joined
from models.networks.normalisation_layers import marked_as_missing, normalised
from models.networks.resize_layer import resized
from models.networks.table_layers import encoded as encoded_table
from models.recipes import user_module
from models.recipes.classifier import ClassifierRecipe
from models.recipes.symmetries import turned
from models.recipes.user_module import MODULE, UserModule
from models.registry import CLASSIFIERS
from pipeline.cutouts.normalise import NORMALISATIONS, Missing, apply
from pipeline.errors import IncompatiblePackageError, SettingsError

BATCH = 128
TABLE_BATCH = 4096
"""Rows looked at together outside of a training: of cutouts, and of tables."""


@dataclass(frozen=True, kw_only=True)
class NetworkDesign:
    """All that decides a network's layers.

    Attributes
    ----------
    classifier, normalisation : str
        Names in their registries.
    settings : mapping
        Arguments of the classifier.
    n_classes, size_pixel, n_channels : int
        Its output and input.
    symmetries : int
        Symmetries of a square over which logits are averaged, 1 for none; training sees one at a time.
    missing : {"excluded", "psat"}
        What the normalisation makes of missing pixels.
    resize_pixel : int or None
        Side to which normalised pixels are resized; None: as they are.
    module : UserModule or None
        The file of the user's own that ``classifier`` or ``normalisation`` takes, if it is ``module``.
    scaling : MetadataScaling or None
        Of the metadata that comes in beside the pixels, if any does.
    metadata_units : int
        Units of the layer between the metadata and the head.
    table : TableScaling or None
        Of the features of a table, in place of a normalisation; None of cutouts.
    """

    classifier: str
    normalisation: str
    settings: Mapping[str, Any]
    n_classes: int
    size_pixel: int
    n_channels: int
    symmetries: int = 1
    missing: Missing = "excluded"
    resize_pixel: int | None = None
    module: UserModule | None = None
    scaling: MetadataScaling | None = None
    metadata_units: int = 0
    table: TableScaling | None = None

    @property
    def rows_at_once(self) -> int:
        """Return how many rows the network looks at together outside of its training."""
        return BATCH if self.size_pixel > 1 else TABLE_BATCH

    @property
    def external(self) -> bool:
        """Return whether its normalisation cannot stand in the graph and is applied to what goes into it."""
        return self.normalisation != MODULE and not NORMALISATIONS.metadata(self.normalisation)["in_graph"]

    def prepared(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the graph takes for raw pixels ``(n, y, x, channel)``: normalised ones where it cannot itself."""
        return apply(self.normalisation, pixels, missing=self.missing) if self.external else pixels

    def inputs(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> Any:
        """Return what the graph takes for raw pixels, beside raw columns ``(n, k)`` if the design has metadata."""
        require_given(self.scaling, metadata)
        return self.prepared(pixels) if metadata is None else [self.prepared(pixels), metadata]

    def check(self) -> None:
        """Refuse cutouts too small for the classifier.

        Raises
        ------
        IncompatiblePackageError
            With the classifier's minimum.
        """
        smallest = CLASSIFIERS.metadata(self.classifier)["minimum_size_pixel"]
        side = self.resize_pixel or self.size_pixel
        if side < smallest:
            raise IncompatiblePackageError(
                f"{self.classifier} needs cutouts of at least {smallest} pixels a side; given {side}"
            )

    def logits(self, dropouts: Dropouts) -> tuple[list[Any], Any]:
        """Return the inputs, raw pixels and metadata if it takes any, and the logits of a new network."""
        shape = (self.size_pixel, self.size_pixel, self.n_channels)
        cutouts = keras().Input(shape, name=INPUT)
        pixels = self._normalised(cutouts)
        pixels = pixels if self.resize_pixel is None else resized(pixels, self.resize_pixel)
        raw = [] if self.scaling is None else [keras().Input((len(self.scaling.columns),), name=METADATA)]
        columns = [] if self.scaling is None else [encoded(raw[0], self.scaling)]
        if self.symmetries == 1:
            return [cutouts, *raw], self._upright(pixels, columns, dropouts)
        upright, beside = keras().Input(pixels.shape[1:]), [keras().Input(column.shape[1:]) for column in columns]
        logits = self._upright(upright, beside, dropouts)
        network = keras().Model([upright, *beside, *dropouts.masks], logits)
        turns = [network([turned(pixels, number), *columns, *dropouts.masks]) for number in range(self.symmetries)]
        return [cutouts, *raw], keras().layers.Average(name="mean_logit")(turns)

    def _normalised(self, inputs: Any) -> Any:
        if self.table is not None:
            return encoded_table(inputs, self.table)
        if self.module is None or self.normalisation != MODULE:
            return normalised("none" if self.external else self.normalisation, inputs, self.missing)
        if self.module.normalise is None:
            raise SettingsError(f"{self.module.path} has no normalise(pixels)")
        return self.module.normalise(marked_as_missing(inputs))

    def _upright(self, pixels: Any, columns: list[Any], dropouts: Dropouts) -> Any:
        """Return the logits of normalised pixels as they are, and of the encoded columns beside them, if any."""
        if self.module is not None and self.classifier == MODULE:
            return self.module.logits(pixels, self.n_classes)
        hidden = CLASSIFIERS[self.classifier](pixels, dropouts, **self.settings)
        hidden = joined(hidden, columns[0], self.metadata_units) if columns else hidden
        head = HEADS[CLASSIFIERS.metadata(self.classifier)["head"]]
        return head(hidden, self.n_classes, use_bias=self.settings.get("use_bias", True))


def design_of(
    recipe: ClassifierRecipe,
    contract: InputContract,
    *,
    n_classes: int,
    scaling: MetadataScaling | None = None,
    table: TableScaling | None = None,
) -> NetworkDesign:
    """Return the design that a recipe asks for.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Of a network.
    contract : InputContract
        What cutouts it takes.
    n_classes : int
        Classes to tell apart.
    scaling : MetadataScaling, optional
        Of the metadata that the recipe asks for.
    table : TableScaling, optional
        Of the features of a table.
    """
    return NetworkDesign(
        classifier=recipe.classifier,
        normalisation=recipe.normalisation,
        settings=recipe.settings,
        n_classes=n_classes,
        size_pixel=contract.size_pixel,
        n_channels=len(contract.channels),
        symmetries=recipe.symmetries,
        missing=recipe.missing,
        resize_pixel=recipe.resize_pixel,
        module=user_module.load(recipe.module) if recipe.module else None,
        scaling=scaling,
        metadata_units=recipe.metadata.units if recipe.metadata else 0,
        table=table,
    )


def build(design: NetworkDesign, seed: int, *, precision: str = "float32") -> Any:
    """Return a fresh Keras model from raw ``(n, y, x, channel)`` pixels, and metadata if it takes any, to logits.

    Parameters
    ----------
    design : NetworkDesign
        Its layers.
    seed : int
        Of its first weights and of its dropout.
    precision : str
        Keras' policy of number types while it is trained; weights are float32 under each.

    Raises
    ------
    IncompatiblePackageError
        When the cutouts are too small for the classifier.
    """
    design.check()
    keras().utils.set_random_seed(seed % 2**32)
    before = keras().config.dtype_policy()
    keras().config.set_dtype_policy(precision)
    try:
        inputs, logits = design.logits(Dropouts(seed=seed % 2**31))
    finally:
        keras().config.set_dtype_policy(before)
    return keras().Model(inputs if len(inputs) > 1 else inputs[0], logits, name=design.classifier)


def every_layer(model: Any) -> Iterator[Any]:
    """Yield the layers of a model and of the models within it, in order."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from every_layer(layer)


def layers_with_weights(model: Any) -> list[Any]:
    """Return the layers that hold weights, also those of the models within a model, in order."""
    return [layer for layer in every_layer(model) if layer.weights and not hasattr(layer, "layers")]


def rebuilt(weights: list[NDArray[np.floating]], design: NetworkDesign) -> Any:
    """Return the float32 model of some weights, whose logits are means over the symmetries of its design."""
    model = build(design, 0)
    model.set_weights(weights)
    return model


def with_masks(model: Any, design: NetworkDesign) -> tuple[Any, list[dict[str, Any]]]:
    """Return the model of the same weights whose dropout masks are inputs, and what each mask is.

    Returns
    -------
    masked : keras.Model or None
        Inputs ``cutouts``, ``mask_0`` ...; None for a network without dropout.
    masks : list of dict
        ``name``, ``shape`` of a row and ``rate``; a mask holds 0 or ``1 / (1 - rate)``.
    """
    dropouts = Dropouts(as_inputs=True)
    inputs, logits = design.logits(dropouts)
    if not dropouts.masks:
        return None, []
    masked = keras().Model([*inputs, *dropouts.masks], logits)
    masked.set_weights(model.get_weights())
    described = [
        {"name": mask.name, "shape": [int(side) for side in mask.shape[1:]], "rate": rate}
        for mask, rate in zip(dropouts.masks, dropouts.rates, strict=True)
    ]
    return masked, described
