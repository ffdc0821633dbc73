"""The context of a night: its detections image by image, and the columns that they give candidates and injections."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.context.columns import Image, Scene, columns_at
from pipeline.context.detections import Detections
from pipeline.context.names import DETECTION_COLUMNS
from pipeline.crossmatch.sphere import unit_vectors
from pipeline.ids.hashes import id_hashes

_Key = tuple[str, ...]
"""An image: its exposure, telescope and detector."""


@dataclass(frozen=True, kw_only=True)
class NightContext:
    """The columns of the context of all detections of a night.

    Attributes
    ----------
    names : tuple of str
        The columns, of `CONTEXT_COLUMNS`.
    pixel_scale_arcsec : float
        Side of a pixel in arcsec.
    images : mapping
        What is detected on each image.
    hashes : ndarray of uint64, (n,)
        Of the ids of all detections, sorted.
    values : ndarray of float32, (n, k)
        Their columns, NaN where they are missing.
    """

    names: tuple[str, ...]
    pixel_scale_arcsec: float
    images: Mapping[_Key, Image] = field(repr=False)
    hashes: NDArray[np.uint64] = field(repr=False)
    values: NDArray[np.float32] = field(repr=False)

    def of_detections(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """Return candidates, which are among the detections, with the columns; NaN where they are not."""
        wanted = id_hashes(candidates["candidate_id"])
        found = np.searchsorted(self.hashes, wanted)
        known = found < len(self.hashes)
        known[known] = self.hashes[found[known]] == wanted[known]
        values = np.full((len(candidates), len(self.names)), np.nan, np.float32)
        values[known] = self.values[found[known]]
        return candidates.assign(**dict(zip(self.names, values.T, strict=True)))

    def of_injections(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """Return sources that were put into images with the columns that they would have among the detections there."""
        values = np.full((len(candidates), len(self.names)), np.nan, np.float32)
        for key, rows in _by_image(candidates):
            places = _image(candidates.iloc[rows])
            values[rows] = self.at(key, places)
        return candidates.assign(**dict(zip(self.names, values.T, strict=True)))

    def at(self, key: _Key, places: Image) -> NDArray[np.float32]:
        """Return the columns of places on an image, ``(n, k)``."""
        nothing = _image(pd.DataFrame(columns=list(DETECTION_COLUMNS)))
        others = [image for (exposure, *detector), image in self.images.items()
                  if detector == [*key[1:]] and exposure != key[0]]  # fmt: skip
        scene = Scene(image=self.images.get(key, nothing), others=others, pixel_scale_arcsec=self.pixel_scale_arcsec)
        return np.stack(list(columns_at(places, scene, self.names).values()), axis=1).astype(np.float32)


def night_context(blocks: Iterable[pd.DataFrame], names: Sequence[str], *, pixel_scale_arcsec: float) -> NightContext:
    """Return the context of the detections of a night, of which memory keeps numbers alone.

    Parameters
    ----------
    blocks : iterable of DataFrame
        All detections, in any order: `DETECTION_COLUMNS`, pixels counted from 0; all but ids and pixels may be absent.
        Rows without a finite place on the detector take no part.
    names : sequence of str
        The columns that are made, of `CONTEXT_COLUMNS`.
    pixel_scale_arcsec : float
        Side of a pixel in arcsec.
    """
    parts: dict[_Key, list[tuple[NDArray[np.uint64], Image]]] = {}
    for block in blocks:
        placed = block[np.isfinite(block[["x_pixel", "y_pixel"]].to_numpy(float)).all(axis=1)]
        for key, rows in _by_image(placed):
            mine = placed.iloc[rows]
            parts.setdefault(key, []).append((id_hashes(mine["candidate_id"]), _image(mine)))
    images = {key: _joined([image for _, image in parts[key]]) for key in sorted(parts)}
    nothing = NightContext(
        names=tuple(names),
        pixel_scale_arcsec=pixel_scale_arcsec,
        images=images,
        hashes=np.zeros(0, np.uint64),
        values=np.zeros((0, len(names)), np.float32),
    )
    hashes = np.concatenate([nothing.hashes, *(each for key in images for each, _ in parts[key])])
    values = np.concatenate([nothing.values, *(nothing.at(key, image) for key, image in images.items())])
    order = np.argsort(hashes, kind="stable")
    return NightContext(
        names=nothing.names,
        pixel_scale_arcsec=pixel_scale_arcsec,
        images=images,
        hashes=hashes[order],
        values=values[order],
    )


def _by_image(rows: pd.DataFrame) -> Iterator[tuple[_Key, NDArray[np.intp]]]:
    """Yield the images of rows, each with the numbers of its rows."""
    nothing = np.full(len(rows), "", object)
    names = ("exposure_id", "telescope", "detector")
    keys = {name: rows[name].fillna("").astype(str).to_numpy(object) if name in rows else nothing for name in names}
    for key, where in pd.DataFrame(keys).groupby(list(names)).indices.items():
        yield tuple(map(str, key)), where


def _image(rows: pd.DataFrame) -> Image:
    def numbers(name: str) -> NDArray[np.float64]:
        return rows[name].to_numpy(float) if name in rows else np.full(len(rows), np.nan)

    sign = np.sign(np.nan_to_num(numbers("flux_sign"))).astype(np.int8)
    return Image(
        detections=Detections(x_pixel=numbers("x_pixel"), y_pixel=numbers("y_pixel"), flux_sign=sign),
        sky=unit_vectors(numbers("ra_deg"), numbers("dec_deg")),
    )


def _joined(images: Sequence[Image]) -> Image:
    parts = [image.detections for image in images]
    return Image(
        detections=Detections(
            x_pixel=np.concatenate([part.x_pixel for part in parts]),
            y_pixel=np.concatenate([part.y_pixel for part in parts]),
            flux_sign=np.concatenate([part.flux_sign for part in parts]),
        ),
        sky=np.concatenate([image.sky for image in images]),
    )
