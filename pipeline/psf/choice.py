"""The choice of an image's PSF: the first of a list that can be made and fits, and why earlier ones were refused."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.psf.base import PsfModel
from pipeline.psf.quality import PsfQuality, judge_psf
from pipeline.psf.stars import PsfStars

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChosenPsf:
    """A PSF and the source that it came from.

    Attributes
    ----------
    model : PsfModel
    source : str
        The name in the list of sources.
    fallback : str
        Why the sources before it were refused; empty if it was the first.
    quality : PsfQuality or None
        How well it fits the image's stars; None without stars.
    """

    model: PsfModel
    source: str
    fallback: str = ""
    quality: PsfQuality | None = None


def choose_psf(
    sources: Sequence[str],
    makers: Mapping[str, Callable[[], PsfModel]],
    *,
    stars: PsfStars | None = None,
    gain: float = 1.0,
    max_residual: float = 0.1,
    label: str = "the image",
) -> ChosenPsf:
    """Return the first PSF of a list that can be made and that fits the image's stars.

    The sources are tried in order. A source that raises `InputError` (no such file, too few stars) is passed over.
    Otherwise its PSF is fitted to the stars with flux, place and sky free (:func:`~pipeline.psf.quality.judge_psf`),
    and the share of the light that it puts into wrong pixels is measured within 2 FWHM::

        residual_fraction = 1/2 sum_p |median over stars of (star(p) - sky) / flux - psf(p)|

    The half makes it a share: light that is missing in one pixel is too much in another. The noise of the stars
    averages out in the median, a wrong shape does not. The first PSF with at most ``max_residual`` wins, and no later
    source is tried. If PSFs can be made but none fits, the one with the smallest share is taken, and ``fallback``
    says so.

    Parameters
    ----------
    sources : sequence of str
        Names in the order of preference.
    makers : mapping of str to callable
        For each name, what makes the PSF or raises `InputError`.
    stars : PsfStars, optional
        Stars to judge it by; without any, the first PSF that can be made is taken.
    gain : float
        Electrons per ADU.
    max_residual : float
        The largest share of the light in wrong pixels with which a PSF fits.
    label : str
        What the log calls the image.

    Raises
    ------
    InputError
        If none can be made; the message gives the reason for each source.
    """
    refused: list[str] = []
    misfits: list[tuple[float, str, PsfModel, PsfQuality]] = []
    for name in sources:
        try:
            model = makers[name]()
            quality = judge_psf(model, stars, gain=gain) if stars is not None and len(stars) else None
        except InputError as error:
            refused.append(f"{name}: {error}")
            continue
        if quality is not None and quality.residual_fraction > max_residual:
            misfits.append((quality.residual_fraction, name, model, quality))
            refused.append(
                f"{name}: {quality.residual_fraction:.1%} of the light of {quality.stars} stars is in other pixels, "
                f"allowed {max_residual:.1%}"
            )
            continue
        if refused:
            log.debug("%s: PSF from %s: %s", label, name, "; ".join(refused))
        return ChosenPsf(model=model, source=name, fallback="; ".join(refused), quality=quality)
    if misfits:
        _, name, model, quality = min(misfits, key=lambda misfit: misfit[0])
        said = f"none fits, the best is taken: {'; '.join(refused)}"
        log.debug("%s: PSF from %s: %s", label, name, said)
        return ChosenPsf(model=model, source=name, fallback=said, quality=quality)
    raise InputError(f"no PSF for {label}: {'; '.join(refused) or 'no source is given'}")
