"""Cutting the candidates of one exposure out of its images, straight into one array of all channels.

Tested by tests/pipeline/surveys/exposures/test_reader.py.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.astrometry.stated_positions import places_fault
from pipeline.cutouts.edges import inside_of_missing_border
from pipeline.cutouts.extract import extract_cutouts
from pipeline.cutouts.layers import LAYERS
from pipeline.errors import InputError
from pipeline.imaging.frame import Image
from pipeline.io.fits.wcs import pixel_positions
from pipeline.surveys.base import Batch, dropped_rows, measured_exposures
from pipeline.surveys.batches import batch_of
from pipeline.surveys.edges import Outside
from pipeline.surveys.exposures.coadd_frames import Frames
from pipeline.surveys.exposures.files import ExposureFiles
from pipeline.surveys.exposures.settings import ImageSettings
from pipeline.surveys.exposures.targets import Targets, mask_of, read_pair
from pipeline.surveys.settings import SurveySettings

if TYPE_CHECKING:
    from pipeline.surveys.exposures.difference import Offset

log = logging.getLogger(__name__)

_PAIR = ("science", "template")


class ExposureCutter:
    """Cuts exposures of one survey.

    Parameters
    ----------
    settings : SurveySettings
        The survey.
    given : ImageSettings
        Where its images are.
    """

    def __init__(self, settings: SurveySettings, given: ImageSettings) -> None:
        self.settings = settings
        self.given = given
        self._sky = given.position == "sky"
        self._images = {name: place for name, place in given.images.items() if name in settings.channels}
        self._made = given.made(settings.channels)
        self._aligned = [name for name in settings.channels if self._made and name in ("template", *self._made)]
        self._layers = [name for name in settings.channels if name in LAYERS and name not in given.hdus]
        first = next((name for name in settings.channels if name in given.hdus), "science")
        self._first = "science" if self._made else first
        """The channel whose image decides where a candidate is and what lies outside."""

    def cut(self, files: ExposureFiles, candidates: pd.DataFrame, *, by_wcs: bool = False) -> Batch:
        """Return the candidates of one exposure with their cutouts.

        Parameters
        ----------
        files : ExposureFiles
        candidates : DataFrame
        by_wcs : bool
            Their pixels are those that the WCS gives for sky positions, as from `on_image`.

        Raises
        ------
        InputError
            If an image, a mask or a WCS of the exposure cannot be used.
        """
        file, hdu = files.locate(self.given.images[self._first], f"channel {self._first!r}")
        targets = self._targets(candidates)
        targets = targets.place(file, hdu) if self._sky else targets
        placed = np.isfinite(targets.x) & np.isfinite(targets.y)
        targets = targets.chosen(placed)
        cutouts = _AllChannels(int(placed.sum()), self.settings)
        made = self._differences(files) if len(candidates) else _Made()
        targets = targets.moved(*made.correction) if self._sky or by_wcs else targets
        self._put_made(cutouts, made.channels, targets)
        for channel in self._images:
            if channel not in self._aligned:
                self._put_image(cutouts, channel, files, targets, file.shape(hdu))
        faults = [*made.notes, *self._put_layers(cutouts, files, targets, file.shape(hdu))]
        batch = batch_of(
            candidates[placed],
            cutouts.pixels,
            self.settings,
            exposure=files.exposure,
            places=(targets.x, targets.y),
            outside=cutouts.outside(self._first),
            unplaced=candidates[~placed],
        )
        dropped = pd.concat([batch.dropped, *faults], ignore_index=True) if faults else batch.dropped
        return replace(batch, dropped=dropped, measured=made.measured)

    def _differences(self, files: ExposureFiles) -> "_Made":
        """Return the channels that are made of science image and template, and the template on the same pixels.

        Nothing where the exposure names no template; it is lost then if nothing of it would be left.
        """
        if not self._made or ("science" in self._images and not files.names(self.given.images["template"])):
            return _Made()
        from pipeline.surveys.exposures.difference import aligned_exposure, differencing

        pair = read_pair(files, self.given, self.settings.magic_values)
        aligned = aligned_exposure(pair)
        found = differencing(pair.difference)(aligned.frames.science, aligned.frames.template)
        made = {"template": found.template, "difference": found.difference, "score": found.score}
        exposure_id = str(files.exposure["exposure_id"])
        said = [("wcs", text) for text in aligned.offset_notes] + [("noise", text) for text in found.notes]
        for _, text in said:
            log.warning("exposure %s: %s", exposure_id, text)
        notes = [dropped_rows([exposure_id], step, text) for step, text in said]
        return _Made(
            channels={channel: made[channel] for channel in self._aligned},
            correction=aligned.correction,
            notes=notes,
            measured=measured_exposures([exposure_id], aligned.measured_offset, found.noise_spread),
        )

    def _put_made(self, cutouts: "_AllChannels", made: Mapping[str, Image], targets: Targets) -> None:
        """Cut the channels that were made, at the places on the science image."""
        for channel in self._aligned:
            if channel not in made:
                cutouts.leave_missing(channel)
                continue
            cut = extract_cutouts(made[channel], targets.x, targets.y, targets.size, out=cutouts.channel(channel))
            cutouts.note(channel, cut.nan_fraction, cut.inside, cut.edge_fraction)

    def frames(self, files: ExposureFiles, candidates: pd.DataFrame) -> list[NDArray[np.float32]]:
        """Return the cutouts ``(n, y, x)`` in each frame, placed by pixel; none where no channel shows frames."""
        if not self._layers or self.given.frames is None:
            return []
        file, hdu = files.locate(self.given.images[self._first], f"channel {self._first!r}")
        targets = self._targets(candidates)
        return list(Frames(settings=self.given.frames, files=files).cutouts(targets, file.shape(hdu)))

    def on_image(self, files: ExposureFiles, candidates: pd.DataFrame) -> pd.DataFrame:
        """Return candidates with the pixels in which their sky positions lie, as the survey counts them."""
        file, hdu = files.locate(self.given.images[self._first], f"channel {self._first!r}")
        positions = candidates["ra_deg"].to_numpy(float), candidates["dec_deg"].to_numpy(float)
        x, y = pixel_positions(file.header(hdu), *positions, path=file.path, hdu=hdu)
        origin = self.settings.pixel_origin
        return candidates.assign(x_pixel=x + origin, y_pixel=y + origin)

    def looks(self, files: ExposureFiles, candidates: pd.DataFrame) -> Iterator[Callable[[], object]]:
        """Yield a function for each image, mask and WCS of an exposure that fails if it cannot be used.

        One says what is wrong with the pixels of its candidates, where the WCS tells that.
        """
        nobody = self._targets(pd.DataFrame()).chosen(np.zeros(0, dtype=bool))
        needed = self._images | ({name: self.given.images[name] for name in _PAIR} if self._made else {})
        for channel, place in needed.items():
            what = f"channel {channel!r}"
            yield lambda place=place, what=what: files.image(place, what)  # type: ignore[misc]
            if self._sky:
                yield lambda place=place, what=what: nobody.place(*files.locate(place, what))  # type: ignore[misc]
            yield partial(mask_of, files, self.given, channel)
        for channel, place in self.given.planes.items():
            yield partial(files.image, place, f"the mask of channel {channel!r}")
        if self.given.difference is not None and {*_PAIR} <= set(self.given.hdus):
            from pipeline.surveys.exposures.difference import differencing

            yield partial(differencing, self.given.difference)
            yield partial(self._align, files)
        if not self._sky and len(candidates):
            yield partial(self._misplaced, files, candidates)

    def _misplaced(self, files: ExposureFiles, candidates: pd.DataFrame) -> list[str]:
        """Return what settings make the candidates' pixels others than those of their sky positions."""
        file, hdu = files.locate(self.given.images[self._first], f"channel {self._first!r}")
        project = partial(pixel_positions, file.header(hdu), path=file.path, hdu=hdu)
        at = self._targets(candidates)
        try:
            said = places_fault(at.x, at.y, at.ra_deg, at.dec_deg, project, self.settings.pixel_origin)
        except InputError:  # places by pixel need no WCS
            return []
        return [said] if said else []

    def _align(self, files: ExposureFiles) -> None:
        """Align the template of an exposure that names one, as subtraction and simulation do."""
        if files.names(self.given.images["template"]):
            from pipeline.surveys.exposures.difference import aligned_exposure

            aligned_exposure(read_pair(files, self.given, self.settings.magic_values))

    def _targets(self, candidates: pd.DataFrame) -> Targets:
        def numbers(name: str) -> NDArray[np.float64]:
            return candidates[name].to_numpy(float) if name in candidates else np.full(len(candidates), np.nan)

        return Targets(
            x=numbers("x_pixel") - self.settings.pixel_origin,
            y=numbers("y_pixel") - self.settings.pixel_origin,
            ra_deg=numbers("ra_deg"),
            dec_deg=numbers("dec_deg"),
            size=self.settings.cutout_size_pixel,
            magic=self.settings.magic_values,
        )

    def _put_image(
        self, cutouts: "_AllChannels", channel: str, files: ExposureFiles, targets: Targets, shape: tuple[int, int]
    ) -> None:
        """Cut a channel's own image; all of it is missing where the exposure names none."""
        place = self._images[channel]
        if not files.names(place):
            cutouts.leave_missing(channel)
            return
        cut = targets.cut(
            *files.locate(place, f"channel {channel!r}"),
            sky=self._sky and channel != self._first,
            mask=mask_of(files, self.given, channel),
            out=cutouts.channel(channel),
            shape=None if self._sky else shape,
        )
        cutouts.note(channel, cut.nan_fraction, cut.inside, cut.edge_fraction)

    def _put_layers(
        self, cutouts: "_AllChannels", files: ExposureFiles, targets: Targets, shape: tuple[int, int]
    ) -> list[pd.DataFrame]:
        """Cut the individual frames into the channels that show them; return the rows of frames left out."""
        if not self._layers or self.given.frames is None:
            return []
        frames = Frames(settings=self.given.frames, files=files)
        for channel, layer in zip(self._layers, frames.layers(self._layers, targets, shape), strict=True):
            cutouts.channel(channel)[:] = layer
            share = np.asarray(np.isnan(layer).mean(axis=(1, 2)), dtype=np.float32)
            cutouts.note(channel, share, inside_of_missing_border(layer[..., None]), np.zeros(len(layer), np.float32))
        folder = f"{files.paths.folder}/"
        return [
            dropped_rows([name.replace(folder, "")], "frames", f"individual frame unusable: {said}".replace(folder, ""))
            for name, said in frames.faults.items()
        ]


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What comes of subtracting the images of an exposure; by default nothing.

    Attributes
    ----------
    channels : mapping
        The template as aligned and what was made, by channel.
    correction : tuple of float
        By how much sky positions lie beside where the science image's WCS says, x and y in pixels.
    notes : list of DataFrame
        What is to be said of the WCS and of the predicted noise, as rows of dropped candidates.
    measured : DataFrame
        Of the exposure, for ``/exposures``.
    """

    channels: Mapping[str, Image] = field(default_factory=dict)
    correction: "Offset" = (0.0, 0.0)
    notes: list[pd.DataFrame] = field(default_factory=list)
    measured: pd.DataFrame = field(default_factory=measured_exposures)


class _AllChannels:
    """The cutouts of an exposure's candidates in all channels, and what of them is missing or outside."""

    def __init__(self, count: int, settings: SurveySettings) -> None:
        self.settings = settings
        size, channels = settings.cutout_size_pixel, settings.channels
        self.pixels = np.empty((count, size, size, len(channels)), np.float32)
        self.missing = np.full((count, len(channels)), size * size, np.int32)
        self.edge_fraction: dict[str, NDArray[np.float32]] = {}
        self._inside: dict[str, NDArray[np.intp]] = {}

    def channel(self, name: str) -> NDArray[np.float32]:
        """Return the pixels of one channel, to be filled."""
        return self.pixels[..., self.settings.channels.index(name)]

    def note(
        self,
        name: str,
        nan_fraction: NDArray[np.float32],
        inside: NDArray[np.intp],
        edge_fraction: NDArray[np.float32],
    ) -> None:
        """Keep what is known of a channel's cutouts."""
        size = self.settings.cutout_size_pixel
        self.missing[:, self.settings.channels.index(name)] = np.rint(nan_fraction * size**2)
        self._inside[name], self.edge_fraction[name] = inside, edge_fraction

    def outside(self, first: str) -> Outside:
        """Return what lies outside: the share as of the first channel, or of any where that one has no image."""
        nothing = np.zeros(len(self.pixels), np.float32)
        share = self.edge_fraction.get(first, next(iter(self.edge_fraction.values()), nothing))
        return Outside(edge_fraction=share, inside=self._inside, missing=self.missing)

    def leave_missing(self, name: str) -> None:
        """Make all pixels of a channel missing."""
        self.channel(name)[:] = np.nan
