"""What a model takes in, and the selection of pixels that training and inference share."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.missing import HUGE
from pipeline.errors import IncompatiblePackageError

FEATURES_SIDE: Final = 21
"""Smallest side of a cutout, in pixels, that models of features score, whatever side they were trained on."""

SCALE_TOLERANCE: Final = 0.01
"""Pixel scales that differ by this share are alike: a scale is often stated to two digits."""


@dataclass(frozen=True, kw_only=True)
class InputContract:
    """The input side of a model.

    Attributes
    ----------
    survey : str
        Whose cutouts the model was trained on.
    channels : tuple of str
        Channels in the order of the model's last axis.
    required_channels : tuple of str
        A row with one of these missing altogether is not scored. Cutouts need not have the others at all; where none is
        required, they need all of them, and a row any one.
    size_pixel : int
        Side of the model's input; of a model of features, that of the cutouts which it was trained on.
    crop : bool
        Whether larger cutouts are cut to their central part; else they are refused.
    pixel_scale_arcsec : float
        Of the cutouts it was trained on; NaN where unknown.
    pixel_state : str
        ``raw`` or the normalisation that the cutouts had when they were stored.
    size_pixel_min : int or None
        Of a model of features, the smallest side that it takes; larger ones are cut to the extent of those that it was
        trained on, smaller ones count as missing beyond their border. None of others.
    """

    survey: str
    channels: tuple[str, ...]
    required_channels: tuple[str, ...]
    size_pixel: int
    crop: bool
    pixel_scale_arcsec: float
    pixel_state: str
    size_pixel_min: int | None = None

    @property
    def least_pixel(self) -> int:
        """Return the smallest side that it takes."""
        return self.size_pixel_min or self.size_pixel

    @property
    def takes_larger(self) -> bool:
        """Tell whether it takes cutouts larger than its own, of which it sees the middle."""
        return self.crop or self.size_pixel_min is not None

    @property
    def _optional(self) -> tuple[str, ...]:
        """Return the channels that cutouts may lack: all but the required ones, where there are such."""
        return tuple(name for name in self.channels if self.required_channels and name not in self.required_channels)

    def stated(self) -> dict[str, object]:
        """Return it as packages state it: None for what is not known, without what only other models have."""
        values = dataclasses.asdict(self)
        if self.size_pixel_min is None:
            del values["size_pixel_min"]
        unknown = math.isnan(self.pixel_scale_arcsec)
        return {**values, "pixel_scale_arcsec": None if unknown else self.pixel_scale_arcsec}

    def check(self, *, channels: Sequence[str], size_pixel: int, pixel_state: str = "raw") -> None:
        """Refuse cutouts that the model was not made for.

        Raises
        ------
        IncompatiblePackageError
            With every difference, both sides stated.
        """
        faults = []
        needed = self.required_channels or self.channels
        if any(name not in channels for name in needed):
            less = f", and can do without {', '.join(self._optional)}" if self._optional else ""
            faults.append(f"the model needs channels {', '.join(needed)}{less}; the cutouts have {', '.join(channels)}")
        if size_pixel < self.least_pixel or (size_pixel > self.size_pixel and not self.takes_larger):
            wanted = f"{self.least_pixel} pixels a side" + (" or more" if self.takes_larger else "")
            faults.append(
                f"the model takes cutouts of {wanted}; given {size_pixel}; a survey file that extends the survey's "
                f"with cutout_size_pixel: {self.least_pixel} gives such"
            )
        if pixel_state != self.pixel_state:
            faults.append(f"the model takes {self.pixel_state} pixels; the cutouts are {pixel_state}")
        if faults:
            raise IncompatiblePackageError("; ".join(faults))

    def unlike(
        self, *, survey: str, pixel_scale_arcsec: float, channels: Sequence[str]
    ) -> dict[str, dict[str, str | float]]:
        """Return what of cutouts is unlike those that the model learned from, though it can score them.

        Parameters
        ----------
        survey : str
            Whose cutouts they are.
        pixel_scale_arcsec : float
            Of them; NaN, where unknown, is unlike nothing.
        channels : sequence of str
            Of them.

        Returns
        -------
        unlike : dict
            ``survey``, ``pixel_scale_arcsec`` and ``channels`` where they differ, each with ``trained`` and ``scored``;
            scales differ by more than `SCALE_TOLERANCE`, channels where one of the model is not there.
        """
        found: dict[str, dict[str, str | float]] = {}
        if survey != self.survey:
            found["survey"] = {"trained": self.survey, "scored": survey}
        if abs(pixel_scale_arcsec - self.pixel_scale_arcsec) > SCALE_TOLERANCE * self.pixel_scale_arcsec:
            found["pixel_scale_arcsec"] = {"trained": self.pixel_scale_arcsec, "scored": pixel_scale_arcsec}
        there = [name for name in self.channels if name in channels]
        if len(there) < len(self.channels):
            found["channels"] = {"trained": ", ".join(self.channels), "scored": ", ".join(there)}
        return found

    def select(self, cutouts: NDArray[np.float32], channels: Sequence[str], extent: float = 1.0) -> NDArray[np.float32]:
        """Return the pixels that the model sees, ``(n, size, size, channel)``.

        The pixel with index ``size // 2``, in which the candidate lies, keeps that place under the crop. A channel that
        the cutouts do not have, and need not, is all NaN.

        Parameters
        ----------
        cutouts : ndarray of float32, shape (n, y, x, channel)
            Raw pixels.
        channels : sequence of str
            Names along their last axis.
        extent : float
            Pixels of theirs that are as wide as one of the training: as much of the sky is selected, if it is there.
        """
        self.check(channels=channels, size_pixel=cutouts.shape[1], pixel_state=self.pixel_state)
        side = min(round(self.size_pixel * extent), cutouts.shape[1])
        first = cutouts.shape[1] // 2 - side // 2
        rows = slice(first, first + side)
        chosen = cutouts[:, rows, rows]
        if tuple(channels) == self.channels:
            return np.ascontiguousarray(chosen, dtype=np.float32)
        absent = np.full(chosen.shape[:3], np.nan, dtype=np.float32)
        given = [chosen[..., list(channels).index(name)] if name in channels else absent for name in self.channels]
        return np.stack(given, axis=-1, dtype=np.float32)

    def scorable(self, selected: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which rows of selected pixels can be scored, ``(n,)``: something in each required channel.

        With no required channel, something in any.
        """
        known = _known_channels(selected)
        if not self.required_channels:
            return np.any(known, axis=1)
        columns = [self.channels.index(name) for name in self.required_channels]
        return np.all(np.take(known, columns, axis=1), axis=1)


def _known_channels(cutouts: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which channels of each row hold any number, ``(n, channel)``.

    The middle line settles it for nearly every row; only the others are searched whole.
    """
    with np.errstate(invalid="ignore"):
        known = np.asarray((np.abs(cutouts[:, cutouts.shape[1] // 2]) <= np.float32(HUGE)).any(axis=1))
        doubtful = np.flatnonzero(~known.all(axis=1))
        known[doubtful] = (np.abs(cutouts[doubtful]) <= np.float32(HUGE)).any(axis=(1, 2))
    return known
