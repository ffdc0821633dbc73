"""What is wrong with the images of an exposure, seen without cutting or subtracting anything.

Tested by tests/pipeline/surveys/exposures/test_reader.py.
"""

from collections.abc import Callable, Collection, Iterator
from functools import partial

import pandas as pd

from pipeline.astrometry.stated_positions import places_fault
from pipeline.errors import InputError
from pipeline.io.fits.wcs import pixel_positions
from pipeline.surveys.exposures.channel_sources import ChannelSources
from pipeline.surveys.exposures.files import ExposureFiles
from pipeline.surveys.exposures.pair import read_pair
from pipeline.surveys.exposures.settings import ImageSettings
from pipeline.surveys.exposures.targets import targets_of
from pipeline.surveys.settings import SurveySettings

_PAIR = ("science", "template")


class ExposureChecks:
    """Looks at exposures of one survey.

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
        self._sources = ChannelSources.of(images, settings.channels)

    def looks(
        self, files: ExposureFiles, candidates: pd.DataFrame, absent: Collection[str] = ()
    ) -> Iterator[Callable[[], object]]:
        """Yield a function for each image, mask and WCS of an exposure that fails if it cannot be used.

        The last one says what is wrong with the pixels of its candidates, where the WCS tells that.

        Parameters
        ----------
        files : ExposureFiles
            The exposure's, open.
        candidates : DataFrame
            Its candidates; none: only the images are looked at.
        absent : collection of str
            Columns that the exposures lack; the images that they would name are not looked at.
        """
        by_sky = self.images.position == "sky"
        places = (*self.images.places.items(), *self.images.planes.items())
        unnamed = {channel for channel, place in places if not place.columns.isdisjoint(absent)}
        for channel in self._needed():
            if channel in unnamed:
                continue
            yield partial(_read, files, channel)
            if by_sky:
                yield partial(_place_nobody, files, channel, self.settings)
            yield partial(files.mask, channel)
        for channel, place in self.images.planes.items():
            if channel not in unnamed:
                yield partial(files.image, place, f"the mask of channel {channel!r}")
        if self.images.difference is not None and {*_PAIR} <= set(self.images.hdus) and unnamed.isdisjoint(_PAIR):
            from pipeline.surveys.exposures.difference import differencing

            yield partial(differencing, self.images.difference)
            yield partial(self._align, files)
        if not by_sky and len(candidates) and self._sources.first not in unnamed:
            yield partial(self._misplaced, files, candidates)

    def _needed(self) -> list[str]:
        """Return the channels whose images are read."""
        pair = _PAIR if self._sources.subtracted else ()
        return [name for name in self.images.hdus if name in self.settings.channels or name in pair]

    def _misplaced(self, files: ExposureFiles, candidates: pd.DataFrame) -> list[str]:
        """Return what settings make the candidates' pixels others than those of their sky positions."""
        file, hdu = files.channel(self._sources.first)
        project = partial(pixel_positions, file.header(hdu), path=file.path, hdu=hdu)
        at = targets_of(candidates, self.settings)
        try:
            fault = places_fault(at.x, at.y, at.ra_deg, at.dec_deg, project, self.settings.pixel_origin)
        except InputError:  # places by pixel need no WCS
            return []
        return [fault] if fault else []

    def _align(self, files: ExposureFiles) -> None:
        """Align the template of an exposure that names one, as subtraction and simulation do."""
        if files.name("template"):
            from pipeline.surveys.exposures.aligned_exposure import aligned_exposure

            aligned_exposure(read_pair(files, self.settings.magic_values))


def _read(files: ExposureFiles, channel: str) -> None:
    files.image(files.images.places[channel], f"channel {channel!r}")


def _place_nobody(files: ExposureFiles, channel: str, survey: SurveySettings) -> None:
    """Look for places by the WCS of a channel's image, which fails where that has none."""
    targets_of(pd.DataFrame(), survey).place(*files.channel(channel))
