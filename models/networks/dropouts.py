"""Where a network drops: layers while it is trained, masks from outside while its posterior is sampled.

Tested by tests/models/networks/test_network.py.
"""

from dataclasses import dataclass, field
from typing import Any

from models.framework import keras


@dataclass(kw_only=True)
class Dropouts:
    """Stands where a network drops: a layer in training, or a mask that comes in from outside.

    Attributes
    ----------
    seed : int
        Of the layers.
    as_inputs : bool
        Whether masks come in as inputs, named ``mask_0``, ``mask_1`` ...
    masks : list
        The mask inputs so far.
    rates : list of float
        The rate of each call.
    """

    seed: int = 0
    as_inputs: bool = False
    masks: list[Any] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def __call__(self, hidden: Any, rate: float, *, spatial: bool = False) -> Any:
        """Return the tensor after dropout at a rate, of single numbers or, ``spatial``, of whole maps ``(y, x)``."""
        layers = keras().layers
        self.rates.append(float(rate))
        if not self.as_inputs:
            layer = layers.SpatialDropout2D if spatial else layers.Dropout
            return layer(rate, seed=self.seed + len(self.rates))(hidden)
        shape = (1, 1, hidden.shape[-1]) if spatial else hidden.shape[1:]
        mask = keras().Input(shape, name=f"mask_{len(self.masks)}")
        self.masks.append(mask)
        return layers.Multiply()([hidden, mask])
