"""How well differences of real frames are normalised, as a table and a figure of each.

``python -m benchmarks.studies.subtraction.quality FRAMES [--figures FOLDER] [--sets hatp32,sfft_decam]``, where FRAMES
holds the folders hatp32, sfft_decam and legacypipe_decam; the synthetic sky needs none.
"""

import argparse
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from benchmarks.studies.subtraction.figure import draw_pair
from pipeline.detection.detect import detect
from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.imaging.noise import fixed_pattern, noise_from_pairs, source_mask, with_sky_noise
from pipeline.metrics.differences import DifferenceQuality, difference_quality
from pipeline.psf import measure_fwhm
from pipeline.sky import SkySettings
from pipeline.sky.exposure import render_exposure, render_template
from pipeline.sky.field import draw_field
from pipeline.sky.visits import plan_visits
from pipeline.subtraction.alignment import move_whole_pixels
from pipeline.subtraction.difference import Difference, difference_of
from pipeline.subtraction.subtract import SubtractionSettings
from pipeline.surveys.synthetic.survey import frames

HEAD = (
    "| frames | science | template | FWHM, pixel | convolved | sources | noise from | spread | of the score "
    "| masked | false per 10^6 | Gaussian |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
)
_BRIGHT_SIGMA = 15.0
_FULL_HATP = 3500.0
_OVERSCAN_ROWS = 12
_HOT_ADU = 8.0


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two frames to subtract, and where their noise is taken from."""

    name: str
    science_name: str
    template_name: str
    science: Frame
    template: Frame
    noise: str
    science_wcs: WCS | None = None
    template_wcs: WCS | None = None
    is_aligned: bool = False


def main() -> int:
    """Print one row per pair and, if asked, save a figure of the first pair of each set."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.subtraction.quality", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with the folders of frames")
    parser.add_argument("--figures", type=Path, help="folder to save a figure of each set in")
    parser.add_argument("--sets", default=",".join(SETS), help=f"any of {', '.join(SETS)}")
    options = parser.parse_args()
    warnings.simplefilter("ignore", AstropyWarning)
    logging.disable(logging.WARNING)
    print(HEAD, flush=True)
    for name in options.sets.split(","):
        for number, pair in enumerate(SETS[name](options.folder)):
            try:
                subtracted, masked, quality = judge(pair)
            except InputError as error:
                print(f"| {pair.name} | {pair.science_name} | {pair.template_name} | {error} |" + " |" * 8, flush=True)
                continue
            print(_row(pair, subtracted, masked, quality), flush=True)
            if options.figures and number == 0:
                figure: Figure = draw_pair(pair.science, subtracted, masked, f"{pair.name}: {pair.science_name}")
                figure.savefig(options.figures / f"difference_{name}.png", dpi=80)
    return 0


def judge(pair: Pair) -> tuple[Difference, NDArray[np.bool_], DifferenceQuality]:
    """Subtract and search a pair; return difference, masked pixels and its quality away from them."""
    subtracted = difference_of(
        pair.science,
        pair.template,
        science_wcs=pair.science_wcs,
        template_wcs=pair.template_wcs,
        is_aligned=pair.is_aligned,
        settings=SubtractionSettings(min_stars=2),
    )
    found = detect(
        subtracted.difference,
        subtracted.noise,
        fwhm_pixel=subtracted.subtraction.fwhm_pixel,
        zeropoint=25.0,
        correlation=subtracted.subtraction.correlation,
    )
    masked = bright_sources(pair.science)
    quality = difference_quality(
        subtracted.difference,
        subtracted.noise,
        subtracted.score,
        masked,
        found,
        fwhm_pixel=subtracted.subtraction.fwhm_pixel,
    )
    return subtracted, masked, quality


def bright_sources(frame: Frame) -> NDArray[np.bool_]:
    """Return where bright stars are, two FWHM around what is well above the noise, wider where saturated."""
    full = np.where(np.isfinite(frame.pixels) & frame.saturated(), np.float32(1.0), np.float32(0.0))
    around = source_mask(frame.pixels, sigma=_BRIGHT_SIGMA, grow_pixel=int(np.ceil(2.0 * frame.fwhm_pixel)))
    return around | (maximum_filter(full, 2 * int(np.ceil(8.0 * frame.fwhm_pixel)) + 1) > 0)


def _row(pair: Pair, subtracted: Difference, masked: NDArray[np.bool_], quality: DifferenceQuality) -> str:
    widths = f"{pair.science.fwhm_pixel:.2f}, {pair.template.fwhm_pixel:.2f}"
    cells = (
        pair.name,
        pair.science_name,
        pair.template_name,
        widths,
        subtracted.subtraction.convolved,
        str(subtracted.subtraction.n_stars),
        pair.noise,
        f"{quality.spread:.3f}",
        f"{quality.score_spread:.3f}",
        f"{100 * masked.mean():.0f} %",
        f"{quality.false_per_million:.0f}",
        f"{quality.expected_per_million:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def hatp32(folder: Path) -> Iterator[Pair]:
    """Yield raw frames without projection; gain, read noise and fixed pattern come from the frames themselves."""
    paths = sorted((folder / "hatp32").glob("*.FITS"))
    raw = [fits.getdata(path).astype(np.float32)[_OVERSCAN_ROWS:] for path in paths]
    pattern = fixed_pattern(raw)
    hot = np.abs(pattern) > _HOT_ADU
    clean = [np.where(hot, np.float32(np.nan), pixels - pattern) for pixels in raw]
    bare = [_hatp_frame(pixels, gain=1.0, read_noise=0.0, pedestal=0.0, fwhm_pixel=2.0) for pixels in clean]
    pairs = [(one.pixels, move_whole_pixels(one, other)) for one, other in pairwise(bare)]
    noise = noise_from_pairs(pairs, saturation=_FULL_HATP)
    measured = [
        _hatp_frame(
            pixels,
            gain=noise.gain,
            read_noise=noise.read_noise,
            pedestal=noise.pedestal,
            fwhm_pixel=measure_fwhm(pixels, saturation=_FULL_HATP),
        )
        for pixels in clean
    ]
    template = int(np.argmin([frame.fwhm_pixel for frame in measured]))
    for number in (0, 3, 8, 12, 18, 19, 23, 29):
        if number != template:
            yield Pair(
                name="hatp32",
                science_name=paths[number].stem[-6:],
                template_name=paths[template].stem[-6:],
                science=measured[number],
                template=measured[template],
                noise=f"pairs: gain {noise.gain:.0f}",
            )


def _hatp_frame(
    pixels: NDArray[np.float32], *, gain: float, read_noise: float, pedestal: float, fwhm_pixel: float
) -> Frame:
    return Frame(
        pixels=pixels,
        gain=gain,
        read_noise=read_noise,
        pedestal=pedestal,
        fwhm_pixel=fwhm_pixel,
        saturation=_FULL_HATP,
    )


def sfft_decam(folder: Path) -> Iterator[Pair]:
    """Yield the pairs of two epochs by name, resampled onto one grid and without sky by those who made them."""
    for letter in "abcde":
        science, template = (folder / "sfft_decam" / f"DEC-OBS{epoch}{letter}.mini.fits" for epoch in ("18", "04"))
        yield Pair(
            name="sfft_decam",
            science_name=f"18{letter}",
            template_name=f"04{letter}",
            science=_sfft_frame(science),
            template=_sfft_frame(template),
            noise="gain, sky of each image",
            is_aligned=True,
        )


def _sfft_frame(path: Path) -> Frame:
    with fits.open(path) as file:
        pixels, header = file[0].data.astype(np.float32), file[0].header
    frame = Frame(
        pixels=pixels,
        gain=header["GAIN"],
        read_noise=header["RDNOISE"],
        pedestal=-header["AVSKY"],
        saturation=header["ESATUR"],
        fwhm_pixel=measure_fwhm(pixels, saturation=header["ESATUR"]),
    )
    return with_sky_noise(frame)


LEGACY = (
    ("testcase4", "z", "c4d_180212_083009_ooi_z_ls9.N3", "c4d_170316_062107_ooi_z_ls9.N2"),
    ("testcase4", "z", "c4d_150411_035242_ooi_z_ls9.N3", "c4d_170316_062107_ooi_z_ls9.N2"),
    ("testcase4", "z", "c4d_180212_083009_ooi_z_ls9.N3", "c4d_150411_035242_ooi_z_ls9.N3"),
    ("testcase4", "z", "c4d_170419_042827_ooi_z_ls9.S1", "c4d_180212_083009_ooi_z_ls9.N3"),
    ("testcase4", "r", "c4d_180128_083845_ooi_r_ls9.N3", "c4d_170522_005829_ooi_r_ls9.N2"),
    ("testcase4", "r", "c4d_180314_055922_ooi_r_ls9.S1", "c4d_180128_083845_ooi_r_ls9.N3"),
    ("testcase4", "g", "c4d_180225_074106_ooi_g_ls9.S1", "c4d_170329_044212_ooi_g_ls9.N3"),
    ("testcase8", "r", "c4d_171113_060340_ooi_r_ls9.N6", "c4d_130105_065255_ooi_r_a1-N15"),
)


def legacypipe_decam(folder: Path) -> Iterator[Pair]:
    """Yield epochs of one field on different detectors, aligned by their projections."""
    for case, band, science, template in LEGACY:
        frames = [_legacy_frame(folder / "legacypipe_decam" / case, name) for name in (science, template)]
        yield Pair(
            name=f"legacypipe {case} {band}",
            science_name=science.split("_ooi")[0][4:],
            template_name=template.split("_ooi")[0][4:],
            science=frames[0][0],
            template=frames[1][0],
            science_wcs=frames[0][1],
            template_wcs=frames[1][1],
            noise="gain and read noise",
        )


def _legacy_frame(folder: Path, name: str) -> tuple[Frame, WCS]:
    path = next(folder.rglob(f"{name}.fits*"))
    flags = next(folder.rglob(f"{name.replace('_ooi_', '_ood_')}.fits*"))
    hdu = 1
    with fits.open(path) as file, fits.open(flags) as mask:
        pixels, header = file[hdu].data.astype(np.float32), file[hdu].header
        bad = np.isin(mask[hdu].data, _DEFECTS)
    pixels = np.where(bad, np.float32(np.nan), pixels)
    gain = header.get("GAINA", header.get("GAIN"))
    frame = Frame(
        pixels=pixels,
        gain=gain,
        read_noise=header["RDNOISEA"],
        saturation=header["SATURATE"] * 0.9,
        fwhm_pixel=header["FWHM"],
    )
    return frame, WCS(header)


_DEFECTS = (1, 5, 7)
"""Codes of the community pipeline's masks: detector defect, cosmic ray, low weight."""


def synthetic(_folder: Path) -> Iterator[Pair]:
    """Yield exposures of the synthetic sky without anything that changes."""
    settings = SkySettings(transients=0, variables=0, movers=0)
    visits = plan_visits(settings, 1)
    for visit in visits[:4]:
        objects = draw_field(settings, visit.field, visits, 1)
        exposure = render_exposure(settings, visit, objects, render_template(settings, visit.field, objects, 1), 1)
        science, template = frames(exposure, settings)
        yield Pair(
            name="synthetic sky",
            science_name=visit.exposure_id,
            template_name="template",
            science=science,
            template=template,
            noise="gain and read noise",
            is_aligned=True,
        )


SETS: dict[str, Callable[[Path], Iterator[Pair]]] = {
    "synthetic": synthetic,
    "hatp32": hatp32,
    "sfft_decam": sfft_decam,
    "legacypipe_decam": legacypipe_decam,
}

if __name__ == "__main__":
    sys.exit(main())
