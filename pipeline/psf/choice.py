"""Which PSF an image gets: the first of a list that can be had, and why not an earlier one."""

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
    """A PSF with where it is from.

    Attributes
    ----------
    model : PsfModel
    source : str
        Name under which it was asked for.
    fallback : str
        Why the sources before it were not taken; empty where it was the first.
    quality : PsfQuality or None
        How well it fits the image's stars; None where there are none.
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

    Parameters
    ----------
    sources : sequence of str
        Names in the order of preference.
    makers : mapping
        Name to what makes the PSF, or raises `InputError` where it cannot.
    stars : PsfStars, optional
        Stars to judge it by; without any it is taken unseen.
    gain : float
        Electrons an ADU.
    max_residual : float
        A PSF that puts more than this share of the light into wrong pixels does not fit; where none fits, the
        one with the smallest share is taken.
    label : str
        What the log calls the image.

    Raises
    ------
    InputError
        If none can be made; the message says why, one reason a source.
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
