"""Sources into one image: as the pipeline renders them, against GalSim one by one and against whole images."""

from collections.abc import Iterator
from pathlib import Path

import galsim
import numpy as np

from benchmarks.rows import Row, interleaved, median_ratio, peak_mb
from pipeline.injection import inject_sources
from pipeline.psf import Moffat, PolynomialPsf, moffat
from pipeline.rng import stream

SIZE, MANY, FEW = 4096, 1000, 2
FWHM, FLUX, GAIN = 4.0, 5e3, 1.5


def run(folder: Path, *, full: bool) -> Iterator[Row]:  # noqa: ARG001
    """Put a thousand sources with their noise into a copy of an image of 4,096 x 4,096 pixels."""
    rng = stream(1, "benchmark injection")
    image = rng.normal(100.0, 5.0, (SIZE, SIZE)).astype(np.float32)
    x, y = rng.uniform(0.0, SIZE - 1.0, (2, MANY))
    planes = np.stack([moffat(FWHM, 63), *[1e-3 * moffat(FWHM + 0.5, 63)] * 5])
    psfex = PolynomialPsf(planes=planes, sampling=1.0, degree=2, zero=(SIZE / 2, SIZE / 2), scale=(SIZE, SIZE))
    ways = {
        "moffat": lambda: _ours(image, Moffat(fwhm_pixel=FWHM), x, y),
        "psfex": lambda: _ours(image, psfex, x, y),
        "galsim": lambda: _galsim(image, x, y),
        "whole": lambda: _whole(image, x[:FEW], y[:FEW]),
    }
    seconds = interleaved(ways, repeats=3)
    whole = [second * MANY / FEW for second in seconds["whole"]]
    beside = (
        f"GalSim one by one {np.median(seconds['galsim']):.2f} s; each on the whole image {np.median(whole):,.0f} s"
    )
    for kind in ("moffat", "psfex"):
        ours = seconds[kind]
        typical = float(np.median(ours))
        yield Row(
            what=f"{MANY:,} sources into {SIZE:,} x {SIZE:,} pixels, {kind} PSF, with noise",
            budget="about 1 s on one core",
            measured=f"{typical:.2f} s, {MANY / typical:,.0f} sources/s",
            naive=beside,
            ratio=median_ratio(seconds["galsim"], ours),
            holds=typical <= 1.2,
            peak_mb=peak_mb(),
        )


def _ours(image: np.ndarray, psf: Moffat | PolynomialPsf, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    return inject_sources(image, psf=psf, x_pixel=x, y_pixel=y, flux=np.full(len(x), FLUX), gain=GAIN, rng=rng)


def _galsim(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    result = galsim.Image(image.copy(), xmin=0, ymin=0)
    noise = galsim.PoissonNoise(galsim.BaseDeviate(1))
    light = galsim.Moffat(beta=3.0, fwhm=FWHM).withFlux(FLUX * GAIN)
    for place in zip(x, y, strict=True):
        stamp = light.drawImage(nx=41, ny=41, scale=1.0, center=galsim.PositionD(*place))
        stamp.addNoise(noise)
        both = stamp.bounds & result.bounds
        result[both] += stamp[both] / GAIN
    return result.array


def _whole(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    rows, columns = np.ogrid[:SIZE, :SIZE]
    alpha2 = (FWHM / 2.0) ** 2 / (2.0 ** (1.0 / 3.0) - 1.0)
    result = image.copy()
    for place in zip(x, y, strict=True):
        radius2 = (columns - place[0]) ** 2 + (rows - place[1]) ** 2
        light = 2.0 * FLUX / (np.pi * alpha2) * (1.0 + radius2 / alpha2) ** -3.0
        result += (rng.poisson(light * GAIN) / GAIN).astype(np.float32)
    return result
