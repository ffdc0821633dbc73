"""Cutting the candidates of one exposure out of its images, straight into one array of all channels.

Tested by tests/pipeline/surveys/exposures/test_reader.py.
"""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts.edge_fills import inside_of_missing_border
from pipeline.cutouts.extract import Cutouts, extract_cutouts
from pipeline.io.fits.wcs import pixel_positions
from pipeline.surveys.base import Batch, dropped_rows
from pipeline.surveys.batches import batch_of
from pipeline.surveys.edge_policy import Outside
from pipeline.surveys.exposures.channel_sources import ChannelSources
from pipeline.surveys.exposures.coadd_frames import Frames
from pipeline.surveys.exposures.files import ExposureFiles
from pipeline.surveys.exposures.pair import read_pair
from pipeline.surveys.exposures.settings import ImageSettings
from pipeline.surveys.exposures.targets import Targets, targets_of
from pipeline.surveys.settings import SurveySettings

if TYPE_CHECKING:
    from pipeline.surveys.exposures.difference import SubtractedExposure

log = logging.getLogger(__name__)


class ExposureCutter:
    """Cuts exposures of one survey.

    Parameters
    ----------
    settings : SurveySettings
        The survey.
    images : ImageSettings
        Where its images are.
    """

    def __init__(self, settings: SurveySettings, images: ImageSettings) -> None:
        self.settings = settings
        self.images = images
        self.sources = ChannelSources.of(images, settings.channels)
        self._by_sky = images.position == "sky"

    def cut(self, files: ExposureFiles, candidates: pd.DataFrame, *, by_wcs: bool = False) -> Batch:
        """Return the candidates of one exposure with their cutouts.

        Parameters
        ----------
        files : ExposureFiles
            The exposure's, open.
        candidates : DataFrame
            With ``x_pixel y_pixel`` or ``ra_deg dec_deg`` as the settings find them by.
        by_wcs : bool
            Their pixels are those that the WCS gives for sky positions, as from `on_image`.

        Raises
        ------
        InputError
            If an image, a mask or a WCS of the exposure cannot be used.
        """
        file, hdu = files.channel(self.sources.first)
        targets = targets_of(candidates, self.settings)
        targets = targets.place(file, hdu) if self._by_sky else targets
        placed = targets.placed
        targets = targets.chosen(placed)
        cutouts = _AllChannels(len(targets.x), self.settings)
        subtracted = self._subtracted(files) if len(candidates) else None
        if subtracted is not None and (self._by_sky or by_wcs):
            targets = targets.moved(*subtracted.aligned.correction)
        self._put_subtracted(cutouts, subtracted, targets)
        for channel in self.sources.own:
            self._put_image(cutouts, channel, files, targets)
        faults = self._put_layers(cutouts, files, targets)
        batch = batch_of(
            candidates[placed],
            cutouts.pixels,
            self.settings,
            exposure=files.exposure,
            places=(targets.x, targets.y),
            outside=cutouts.outside(self.sources.first),
            unplaced=candidates[~placed],
        )
        remarks = [] if subtracted is None else subtracted.remark_rows
        dropped = [batch.dropped, *remarks, *faults]
        batch = replace(batch, dropped=pd.concat(dropped, ignore_index=True)) if len(dropped) > 1 else batch
        return batch if subtracted is None else replace(batch, measured=subtracted.measured)

    def _subtracted(self, files: ExposureFiles) -> "SubtractedExposure | None":
        """Return the exposure's images aligned and subtracted, where channels of the survey are made so.

        None, too, where the exposure names no template; it is lost then if nothing of it would be left.
        """
        if not self.sources.subtracted or ("science" in self.sources.own and not files.name("template")):
            return None
        from pipeline.surveys.exposures.difference import subtracted_exposure

        subtracted = subtracted_exposure(read_pair(files, self.settings.magic_values))
        for _, text in subtracted.remarks:
            log.warning("exposure %s: %s", subtracted.exposure_id, text)
        return subtracted

    def _put_subtracted(
        self, cutouts: "_AllChannels", subtracted: "SubtractedExposure | None", targets: Targets
    ) -> None:
        """Cut the channels that a subtraction gives, at the places on the science image; missing without one."""
        for channel in self.sources.subtracted:
            if subtracted is None:
                cutouts.leave_missing(channel)
                continue
            image, out = subtracted.channels[channel], cutouts.channel(channel)
            cutouts.put(channel, extract_cutouts(image, targets.x, targets.y, targets.size, out=out))

    def _put_image(self, cutouts: "_AllChannels", channel: str, files: ExposureFiles, targets: Targets) -> None:
        """Cut a channel's own image; all of it is missing where the exposure names none."""
        if not files.name(channel):
            cutouts.leave_missing(channel)
            return
        file, hdu = files.channel(channel)
        cut = targets.cut(
            file,
            hdu,
            sky=self._by_sky and channel != self.sources.first,
            mask=files.mask(channel),
            shape=None if self._by_sky else files.shape(self.sources.first),
            out=cutouts.channel(channel),
        )
        cutouts.put(channel, cut)

    def _put_layers(self, cutouts: "_AllChannels", files: ExposureFiles, targets: Targets) -> list[pd.DataFrame]:
        """Cut the individual frames into the channels that show them; return the rows of frames left out."""
        names = self.sources.layers
        if not names or self.images.frames is None:
            return []
        frames = Frames(settings=self.images.frames, files=files)
        layers = frames.layers(names, targets, files.shape(self.sources.first))
        for channel, layer in zip(names, layers, strict=True):
            cutouts.fill(channel, layer)
        folder = f"{files.paths.folder}/"
        return [
            dropped_rows([name.replace(folder, "")], "frames", f"individual frame unusable: {said}".replace(folder, ""))
            for name, said in frames.faults.items()
        ]

    def frames(self, files: ExposureFiles, candidates: pd.DataFrame) -> list[NDArray[np.float32]]:
        """Return the cutouts ``(n, y, x)`` in each frame, placed by pixel; none where no channel shows frames."""
        if not self.sources.layers or self.images.frames is None:
            return []
        targets = targets_of(candidates, self.settings)
        shape = files.shape(self.sources.first)
        return list(Frames(settings=self.images.frames, files=files).cutouts(targets, shape))

    def on_image(self, files: ExposureFiles, candidates: pd.DataFrame) -> pd.DataFrame:
        """Return candidates with the pixels in which their sky positions lie, as the survey counts them."""
        file, hdu = files.channel(self.sources.first)
        positions = candidates["ra_deg"].to_numpy(float), candidates["dec_deg"].to_numpy(float)
        x, y = pixel_positions(file.header(hdu), *positions, path=file.path, hdu=hdu)
        origin = self.settings.pixel_origin
        return candidates.assign(x_pixel=x + origin, y_pixel=y + origin)


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

    def put(self, name: str, cut: Cutouts) -> None:
        """Keep what is known of a channel's cutouts, whose pixels are in `channel` already."""
        self._keep(name, cut.nan_fraction, cut.inside, cut.edge_fraction)

    def fill(self, name: str, layer: NDArray[np.float32]) -> None:
        """Set the pixels of a channel (n, y, x); how much is missing and what is inside follows from them."""
        self.channel(name)[:] = layer
        share = np.asarray(np.isnan(layer).mean(axis=(1, 2)), dtype=np.float32)
        self._keep(name, share, inside_of_missing_border(layer[..., None]), np.zeros(len(layer), np.float32))

    def _keep(
        self, name: str, nan_fraction: NDArray[np.float32], inside: NDArray[np.intp], edge: NDArray[np.float32]
    ) -> None:
        size = self.settings.cutout_size_pixel
        self.missing[:, self.settings.channels.index(name)] = np.rint(nan_fraction * size**2)
        self._inside[name], self.edge_fraction[name] = inside, edge

    def outside(self, first: str) -> Outside:
        """Return what lies outside: the share as of the first channel, or of any where that one has no image."""
        nothing = np.zeros(len(self.pixels), np.float32)
        share = self.edge_fraction.get(first, next(iter(self.edge_fraction.values()), nothing))
        return Outside(edge_fraction=share, inside=self._inside, missing=self.missing)

    def leave_missing(self, name: str) -> None:
        """Make all pixels of a channel missing."""
        self.channel(name)[:] = np.nan
