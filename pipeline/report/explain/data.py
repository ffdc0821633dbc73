"""What is said of explained rows, and the table of it.

Tested by tests/models/explaining/test_explained.py.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class ExplainedRows:
    """The rows that are explained, and the training rows beside them.

    Attributes
    ----------
    table : DataFrame
        Columns of the candidates, ``group`` (why it was taken), ``label``, ``label_predicted`` and ``score``: of two
        classes the probability of the second, else that of the likeliest.
    pixels : ndarray of float32, (n, y, x, channel)
        Their raw cutouts.
    channels : tuple of str
        Channels of the cutouts.
    known : DataFrame
        Labelled training rows among which neighbours are looked for.
    known_pixels : ndarray of float32, (m, y, x, channel)
        Their raw cutouts.
    class_names : tuple of str
        Names of the classes.
    judged : int
        Among how many test rows they were chosen.
    pictured : ndarray of int, (p,)
        Places of the rows that are shown with pictures.
    """

    table: pd.DataFrame
    pixels: NDArray[np.float32]
    channels: tuple[str, ...]
    known: pd.DataFrame
    known_pixels: NDArray[np.float32]
    class_names: tuple[str, ...]
    judged: int
    pictured: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ExplainedMember:
    """What one network, or classifier on features, says of the rows.

    Attributes
    ----------
    name : str
        Its package.
    kind : {"network", "features"}
        What it is.
    weight : float
        What it weighs in a stack; 1 alone.
    vectors : ndarray of float32, (n, f)
        Latent vectors of a network; else standardised features.
    pca, tsne : ndarray of float64, (n, 2)
        Maps of the vectors; NaN with too few rows.
    pca_shares : tuple of float
        Share of the variance along each component.
    neighbours : ndarray of int, (n, k)
        Places of the nearest training rows, the nearest first.
    distances : ndarray of float64, (n, k)
        How far they are.
    maps : ndarray of float32, (p, y, x), or None
        Heat maps of the rows with pictures.
    why_no_maps : str
        Why there are none.
    importance : DataFrame or None
        ``feature importance error`` of a classifier on features.
    """

    name: str
    kind: Literal["network", "features"]
    weight: float
    vectors: NDArray[np.float32]
    pca: NDArray[np.float64]
    pca_shares: tuple[float, float]
    tsne: NDArray[np.float64]
    neighbours: NDArray[np.int64]
    distances: NDArray[np.float64]
    maps: NDArray[np.float32] | None
    why_no_maps: str
    importance: pd.DataFrame | None

    def agreement(self, rows: ExplainedRows) -> NDArray[np.float64]:
        """Return for each row the share of its neighbours that have its own label, ``(n,)``."""
        labels = rows.known["label"].to_numpy()[self.neighbours]
        return np.asarray((labels == rows.table["label"].to_numpy()[:, None]).mean(axis=1))

    def exported(self, rows: ExplainedRows) -> pd.DataFrame:
        """Return the table of the rows with vectors, maps and neighbours, as it is written."""
        ids, labels = (rows.known[name].to_numpy() for name in ("candidate_id", "label"))
        table = rows.table[["candidate_id", "group", "label", "label_predicted", "score"]].reset_index(drop=True)
        columns: dict[str, NDArray[Any]] = {
            f"latent_{place}": self.vectors[:, place] for place in range(self.vectors.shape[1])
        }
        for name, placed in (("pca", self.pca), ("tsne", self.tsne)):
            columns |= {f"{name}_{axis + 1}": placed[:, axis] for axis in (0, 1)}
        for place in range(self.neighbours.shape[1]):
            near = self.neighbours[:, place]
            columns |= {
                f"neighbour_{place + 1}_id": ids[near].astype(str),
                f"neighbour_{place + 1}_label": labels[near],
                f"neighbour_{place + 1}_distance": self.distances[:, place],
            }
        return pd.concat([table, pd.DataFrame(columns)], axis=1)
