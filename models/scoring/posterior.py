"""The posterior of a score by dropout: the summary of samples drawn with random masks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """What dropout samples say of each row; NaN where a row cannot be scored.

    Attributes
    ----------
    mean : ndarray of float32, shape (n, k)
        Mean probabilities.
    std : ndarray of float32, shape (n,)
        Standard deviation of the probability of class 1 (two classes) or of the likeliest class.
    entropy : ndarray of float32, shape (n,)
        Entropy of the mean probabilities, nats.
    bald : ndarray of float32, shape (n,)
        Entropy of the mean less the mean entropy: what more training could settle (Houlsby et al. 2011).
    """

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    entropy: NDArray[np.float32]
    bald: NDArray[np.float32]

    @property
    def looked_at(self) -> NDArray[np.float32]:
        """Mean probability ``(n,)`` of the class whose spread `std` is: of class 1, or of the likeliest class."""
        chosen = _class_looked_at(self.mean)
        return np.take_along_axis(self.mean, chosen[:, None], axis=1)[:, 0]


def spread(drawn: NDArray[np.float32]) -> Posterior:
    """Return the summary of sampled probabilities ``(s, n, k)``; NaN rows stay NaN."""
    mean = drawn.mean(axis=0)
    std = np.take_along_axis(drawn.std(axis=0), _class_looked_at(mean)[:, None], axis=1)[:, 0]
    entropy = entropy_of(mean)
    bald = np.maximum(entropy - entropy_of(drawn).mean(axis=0), 0.0)
    return Posterior(mean=mean, std=std, entropy=entropy, bald=bald.astype(np.float32))


def _class_looked_at(mean: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.ones(len(mean), np.int64) if mean.shape[1] == 2 else np.nan_to_num(mean).argmax(axis=1)


def entropy_of(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the entropy along the last axis, in nats."""
    terms = probabilities * np.log(np.maximum(probabilities, np.float32(1e-12)))
    return -terms.sum(axis=-1)


def uncertainty(posterior: Posterior | None, probabilities: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return ``score_std entropy bald``, NaN for a package that tells none; of more than two classes, the entropy."""
    if posterior is None:
        nothing = np.full(len(probabilities), np.nan, dtype=np.float32)
        entropy = entropy_of(probabilities) if probabilities.shape[1] > len(CLASS_NAMES) else nothing
        return {"score_std": nothing, "entropy": entropy, "bald": nothing}
    return {"score_std": posterior.std, "entropy": posterior.entropy, "bald": posterior.bald}
