"""Self-made reals for surveys without images: a point source put into cutouts whose own source was removed.

A triplet with a real source becomes one without (:func:`clear_centre`), may be centred elsewhere, and gets a source
of known flux and sign (:func:`inject_into_cutouts`). The pixels around it stay real: noise, hosts, neighbours, masks.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.recipes.stamps import StampInjection
from pipeline.triplets.editing import (
    DIFFERENCE,
    SCIENCE,
    TEMPLATE,
    EditedCutout,
    add_neighbours,
    clear_centre,
    dim,
    distance,
    open_cutout,
    recentre,
    source_image,
    template_peaks,
)
from pipeline.triplets.noise_and_psf import KnownPlanes


def seeing_width(triplet: NDArray[np.float32], default: float = 1.0) -> float:
    """Return the width of the central source of a difference, FWHM / 2.3548 in pixels, within 0.6 to 2.5.

    It is ``default`` if the source is too faint to measure.
    """
    cutout = open_cutout(triplet, np.random.default_rng(0))
    difference = cutout.pixels[..., DIFFERENCE] - cutout.sky[DIFFERENCE]
    near = distance(cutout)
    sign = 1.0 if float(difference[near < 2.5].sum()) >= 0 else -1.0
    light = sign * difference * np.exp(-0.5 * (near / 2.0) ** 2)
    total = float(light[near < 6].sum())
    if total < 30 * max(float(cutout.noise[DIFFERENCE]), 1e-9):
        return default
    second = max(float((light * near**2)[near < 6].sum()) / total / 2, 0.1)
    narrowed = 1 / second - 1 / 4.0
    return float(np.clip(narrowed**-0.5, 0.6, 2.5)) if narrowed > 0.16 else 2.5


def inject_into_cutouts(
    triplets: NDArray[np.float32],
    rng: np.random.Generator,
    settings: StampInjection | None = None,
    *,
    difference_turned: bool = False,
) -> tuple[NDArray[np.float32], pd.DataFrame]:
    """Put a point source into cutouts after removing their own source.

    The cutout's central source (real or bogus) is replaced by quiet pixels of the same cutout; the centre then moves to
    a source of the template, stays, or moves to a random place. The new source has the seeing of the one that was
    removed. Where the PSFs of the image that it is in and of the difference are known, it has these; where the variance
    of that image is known, the noise of its photons is what that says, and is added to it.

    Parameters
    ----------
    triplets : ndarray of float32, ``(n, y, x, 3)`` or ``(n, y, x, 9)``
        Science, template, difference, perhaps with their variances and PSFs behind them, as `open_cutout` takes them;
        NaN where missing. Rows with a bright residual beside the centre keep it.
    rng : numpy.random.Generator
        Source of all draws.
    settings : StampInjection, optional
        What the sources are like, where they lie, and what else happens to the cutouts; its defaults if not given.
    difference_turned : bool
        The survey stores negative differences as template - science, as ZTF does.

    Returns
    -------
    injected : ndarray of float32, as ``triplets``
        The cutouts.
    truth : DataFrame
        ``snr``, ``flux`` (unit of the pixels, signed), ``flux_sign``, ``y_offset``, ``x_offset`` (pixels from the
        central pixel), ``kind`` (``injected_host`` or ``injected_sky``).
    """
    chosen = StampInjection() if settings is None else settings
    out = np.empty_like(triplets, dtype=np.float32)
    rows = []
    for row, triplet in enumerate(triplets):
        width = seeing_width(triplet)
        cutout = open_cutout(triplet, rng)
        clear_centre(cutout, rng)
        if rng.random() < chosen.crowded_share:
            stars = np.exp(rng.uniform(*np.log(chosen.crowded_stars)))
            add_neighbours(cutout, rng, int(stars + 1e-9))  # a whole number comes back from its logarithm a little off
        if rng.random() < chosen.cloudy_share:
            dim(cutout, rng, rng.uniform(*chosen.cloudy_through))
        hosted = _move(cutout, rng, chosen)
        rows.append(_add_source(cutout, rng, chosen, width, difference_turned))
        rows[-1]["kind"] = "injected_host" if hosted else "injected_sky"
        out[row] = cutout.finished()
    columns = ["snr", "flux", "flux_sign", "y_offset", "x_offset", "kind"]
    return out, pd.DataFrame(rows, columns=columns)


def _move(cutout: EditedCutout, rng: np.random.Generator, settings: StampInjection) -> bool:
    """Choose the position of the new source; return whether it is near a source of the template."""
    peaks = np.zeros((0, 2), dtype=np.intp)
    if rng.random() < settings.host_share:
        peaks = template_peaks(cutout, settings.host_reach_pixel, settings.host_min_snr)
    if len(peaks):
        host = peaks[rng.integers(len(peaks))]
        dy, dx = host + np.rint(rng.normal(0, settings.host_offset_pixel, 2)).astype(int)
    elif rng.random() < settings.in_place_share:
        dy, dx = 0, 0
    else:
        reach = max(min(cutout.pixels.shape[:2]) // 2 - 9, 1)
        dy, dx = rng.integers(-reach, reach + 1, 2)
    recentre(cutout, int(dy), int(dx))
    return bool(len(peaks))


def _add_source(
    cutout: EditedCutout, rng: np.random.Generator, settings: StampInjection, width: float, turned: bool
) -> dict[str, float | int | str]:
    """Add one source and return its row of the truth table."""
    sign = -1 if rng.random() < settings.negative_share else 1
    y, x = rng.uniform(-settings.jitter_pixel, settings.jitter_pixel, 2)
    wanted = float(np.exp(rng.uniform(*np.log(settings.snr))))
    shape = {
        "beta": rng.uniform(*settings.beta),
        "stretch": rng.uniform(*settings.stretch),
        "angle": rng.uniform(0, np.pi),
    }
    image = SCIENCE if sign > 0 else TEMPLATE
    if cutout.known is not None and cutout.known.has_psf(image) and cutout.known.has_psf(DIFFERENCE):
        light = _light_of_psf(cutout, cutout.known, rng, image, wanted, (y, x))
    else:
        light = _light_of_width(cutout, rng, image, wanted, width, y, x, **shape)
    cutout.pixels[..., image] += light.in_image + light.photons
    change = light.in_difference + light.photons
    cutout.pixels[..., DIFFERENCE] += change if sign > 0 or turned else -change
    if cutout.known is not None:
        _add_variance(cutout, cutout.known, image, light.in_image)
    # a source is there even where its pixels were lost, but a gap at the very centre would make no candidate
    cutout.missing[distance(cutout) <= 2] = False
    return {
        "snr": wanted,
        "flux": sign * light.flux,
        "flux_sign": sign,
        "y_offset": float(y),
        "x_offset": float(x),
    }


class _Light(NamedTuple):
    """A source in the image that it is in and in the difference, the noise of its photons, ``(y, x)``, and its flux."""

    in_image: NDArray[np.float32]
    in_difference: NDArray[np.float32]
    photons: NDArray[np.float32]
    flux: float


def _light_of_width(
    cutout: EditedCutout,
    rng: np.random.Generator,
    image: int,
    wanted: float,
    width: float,
    y: float,
    x: float,
    **shape: float,
) -> _Light:
    """Return a source with a Moffat profile, of a signal to noise ratio in the difference."""
    profile = source_image(cutout, width, y, x, **shape)
    noise = max(float(cutout.noise[DIFFERENCE]), 1e-6)
    light = (wanted * noise / np.sqrt(float((profile**2).sum()))) * profile
    scatter = rng.normal(0, 1, light.shape).astype(np.float32)
    # the difference was convolved once more than the image that the source is in
    sharper = source_image(cutout, width * rng.uniform(0.85, 1.0), y, x, **shape)
    total = float(light.sum())
    in_image = sharper * (total / float(sharper.sum()))
    if cutout.known is not None and cutout.known.has_variance(image):
        photons = scatter * cutout.known.photon_noise(image, in_image)
    else:
        photons = scatter * np.sqrt(light * noise * 0.05)
    return _Light(in_image, light, photons, total)


def _light_of_psf(
    cutout: EditedCutout,
    known: KnownPlanes,
    rng: np.random.Generator,
    image: int,
    wanted: float,
    place: tuple[float, float],
) -> _Light:
    """Return a source with the PSFs of the cutout, of a signal to noise ratio in the difference.

    The flux is the whole one: a PSF of unit sum that is cut shows as much of it as falls on the cutout.
    """
    profile, in_image = known.source(DIFFERENCE, *place), known.source(image, *place)
    noise = max(float(cutout.noise[DIFFERENCE]), 1e-6)
    variance = known.variance[..., DIFFERENCE]
    weight = 1 / np.where(np.isfinite(variance), variance, np.float32(noise**2))
    flux = wanted / float(np.sqrt((profile.astype(np.float64) ** 2 * weight).sum()))
    in_image = in_image * np.float32(flux)
    scatter = rng.normal(0, 1, in_image.shape).astype(np.float32)
    if known.has_variance(image):
        photons = scatter * known.photon_noise(image, in_image)
    else:
        photons = scatter * np.sqrt(np.maximum(in_image, 0) * noise * 0.05)
    return _Light(in_image, profile * np.float32(flux), photons.astype(np.float32), flux)


def _add_variance(cutout: EditedCutout, known: KnownPlanes, image: int, light: NDArray[np.float32]) -> None:
    """Add the noise of a source's photons to the variance of its image and of the difference."""
    near = distance(cutout) <= 2
    for plane in (SCIENCE, TEMPLATE, DIFFERENCE):
        variance = known.variance[..., plane]
        if known.has_variance(plane):
            variance[near & np.isnan(variance)] = cutout.noise[plane] ** 2  # of the noise that fills a gap there
        if known.has_variance(image) and plane in (image, DIFFERENCE):
            variance += known.photon_noise(image, light) ** 2
