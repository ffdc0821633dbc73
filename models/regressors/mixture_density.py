"""Networks that give a mixture of Gaussians (Bishop 1994), several averaged.

Tested by tests/models/regressors/test_regressors.py.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.framework import deterministic, foreign_deprecations, keras
from models.regressors.base import REGRESSORS, Array, Fitted, RegressionRows
from models.regressors.parts import Dense, Networks, Scaling
from pipeline.redshifts.heads import LEAST_LOG_WIDTH, Mixtures

START_WIDTH: Final = 0.5
_ROWS_AT_ONCE: Final = 4096


@REGRESSORS.register("mixture_density", in_graph=True)
def mixture_density(
    rows: RegressionRows,
    edges: Array,
    seed: int,
    *,
    members: int = 4,
    components: int = 5,
    units: int = 128,
    layers: int = 3,
    epochs: int = 100,
    batch_size: int = 256,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.03,
    noise: float = 0.05,
    threads: int = 1,
) -> Fitted:
    """Networks of mixtures of Gaussians, trained by likelihood with a falling learning rate; their mean is predicted.

    Parameters
    ----------
    rows, edges, seed
        As of `fit_regressor`.
    members, components, units, layers : int
        Networks, each with the seed after the last one's; Gaussians of each; width and number of their hidden layers
        (SiLU).
    epochs, batch_size : int
        Length of the training; there is no early stop.
    learning_rate, weight_decay : float
        Of AdamW; the rate falls to 0 along a cosine.
    noise : float
        Standard deviation of the Gaussian noise on the scaled features in training.
    threads : int
        Threads of an operation; equal results need equal ones.
    """
    scaling = Scaling.fit(rows.features)
    centre, spread = float(rows.target.mean()), float(rows.target.std()) or 1.0
    inputs = scaling.apply(rows.features).astype(np.float32)
    target = ((rows.target - centre) / spread).astype(np.float32)[:, None]
    weights = (rows.weights / rows.weights.mean()).astype(np.float32)
    models = []
    for member in range(members):
        deterministic(seed + member, threads)
        with foreign_deprecations():
            model = _network(inputs.shape[1], target[:, 0], components, units, layers, noise)
            steps = epochs * -(-len(inputs) // batch_size)
            rate = keras().optimizers.schedules.CosineDecay(learning_rate, steps)
            optimizer = keras().optimizers.AdamW(rate, weight_decay=weight_decay, clipnorm=1.0)
            model.compile(optimizer, _negative_log_likelihood)
            model.fit(inputs, target, sample_weight=weights, batch_size=batch_size, epochs=epochs, verbose=0)
        models.append(model)

    def raw(features: ArrayLike) -> Array:
        scaled = scaling.apply(features).astype(np.float32)
        with foreign_deprecations():
            found = [model.predict(scaled, batch_size=_ROWS_AT_ONCE, verbose=0) for model in models]
        return np.concatenate(found, axis=1).astype(np.float64)

    head = Mixtures(centre=centre, spread=spread, members=members, components=components)
    return Fitted(
        edges=edges, head=head, raw=raw, parts=Networks(members=[_layers(model) for model in models], scaling=scaling)
    )


def _layers(model: Any) -> list[Dense]:
    """Return the layers of a network, as its graph has them."""
    arrays = [np.asarray(one, dtype=np.float32) for one in model.get_weights()]
    return [Dense(weights, bias) for weights, bias in zip(arrays[::2], arrays[1::2], strict=True)]


def _network(width: int, target: NDArray[np.float32], components: int, units: int, layers: int, noise: float) -> Any:
    """Return a network from features to ``3 components`` numbers: logits of weights, means, logarithms of widths."""
    make = keras().layers
    inputs = keras().Input((width,))
    hidden = make.GaussianNoise(noise)(inputs) if noise else inputs
    for _ in range(layers):
        hidden = make.Dense(units, activation="silu")(hidden)
    head = make.Dense(3 * components)
    model = keras().Model(inputs, head(hidden))
    kernel, bias = head.get_weights()
    bias[components : 2 * components] = np.quantile(target, (np.arange(components) + 0.5) / components)
    bias[2 * components :] = np.log(START_WIDTH)
    head.set_weights([0.1 * kernel, bias])
    return model


def _negative_log_likelihood(target: Any, raw: Any) -> Any:
    """Return the loss of each row, from its target ``(n, 1)`` and the network's numbers ``(n, 3 k)``."""
    ops = keras().ops
    logits, mean, log_width = ops.split(raw, 3, axis=1)
    log_width = ops.maximum(log_width, LEAST_LOG_WIDTH)
    apart = (target - mean) / ops.exp(log_width)
    return -ops.logsumexp(ops.log_softmax(logits, axis=1) - 0.5 * apart**2 - log_width, axis=1)
