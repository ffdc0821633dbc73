"""Runs HOTPANTS, if the program is installed: another way to match and subtract two aligned images."""

import logging
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.imaging.frame import Frame, Image
from pipeline.io.fits.image import read_image

log = logging.getLogger(__name__)

_MISSING = 1e-30
"""The value that the program writes where it has no difference."""


@dataclass(frozen=True, kw_only=True)
class Hotpants:
    """Settings with which the program is run.

    Attributes
    ----------
    program : str
        Its name on the PATH, or its path.
    timeout_s : float, in s
        How long it may run; above 0.
    spatial_order : int
        Degree with which the kernel varies over the image; at least 0.
    background_order : int
        Degree with which the sky varies over the image; at least 0.
    """

    program: str = "hotpants"
    timeout_s: float = 600.0
    spatial_order: int = 1
    background_order: int = 1

    def __post_init__(self) -> None:
        if not self.timeout_s > 0 or self.spatial_order < 0 or self.background_order < 0:
            raise SettingsError(
                f"timeout_s is {self.timeout_s} (allowed: above 0), spatial_order {self.spatial_order} and "
                f"background_order {self.background_order} (at least 0)"
            )

    def found(self) -> str:
        """Return the path of the program, or raise `MissingInputError`."""
        program = shutil.which(self.program)
        if program is None:
            raise MissingInputError(
                f"the program {self.program!r} is not installed; without it "
                "pipeline.subtraction.difference.difference_of subtracts"
            )
        return program

    def subtract(self, science: Frame, template: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return difference and noise, (y, x), in the units of the science image, NaN where there is none.

        Parameters
        ----------
        science, template : Frame
            Aligned (:func:`pipeline.subtraction.alignment.align`), with their sky.

        Raises
        ------
        MissingInputError
            If the program is not installed.
        InputError
            If the shapes differ, or the program fails, takes too long or writes an image of another shape or none.
        """
        program = self.found()
        if science.pixels.shape != template.pixels.shape:
            raise InputError(f"shapes {science.pixels.shape} and {template.pixels.shape} differ: align first")
        with tempfile.TemporaryDirectory(prefix="nightsift-hotpants-") as name:
            folder = Path(name)
            pair = {"science": science, "template": template}
            low = {one: _write(folder / f"{one}.fits", frame) for one, frame in pair.items()}
            self._run([program, *self._arguments(folder, science, template, low)])
            images = [read_image(_result(folder / f"{one}.fits"), 0)[0] for one in ("difference", "noise")]
        for image in images:
            if image.shape != science.pixels.shape:
                raise InputError(f"hotpants wrote an image of shape {image.shape}, given {science.pixels.shape}")
        difference, noise = images
        missing = (difference == np.float32(_MISSING)) | ~np.isfinite(science.pixels) | ~(noise > 0)
        return np.where(missing, np.float32(np.nan), difference), np.where(missing, np.float32(np.nan), noise)

    def _arguments(self, folder: Path, science: Frame, template: Frame, low: dict[str, float]) -> list[str]:
        """Return the program's arguments, one list entry each; nothing passes through a shell."""
        wide = max(science.fwhm_pixel, template.fwhm_pixel)
        options: dict[str, object] = {
            "inim": folder / "science.fits",
            "tmplim": folder / "template.fits",
            "outim": folder / "difference.fits",
            "oni": folder / "noise.fits",
            "iu": science.saturation - science.pedestal,
            "tu": template.saturation - template.pedestal,
            "il": low["science"],
            "tl": low["template"],
            "ig": science.gain,
            "tg": template.gain,
            "ir": science.read_noise,
            "tr": template.read_noise,
            "r": int(np.ceil(2.5 * wide)),
            "rss": int(np.ceil(3.5 * wide)),
            "ko": self.spatial_order,
            "bgo": self.background_order,
            "n": "i",
            "fi": _MISSING,
            "v": 0,
        }
        return [word for name, value in options.items() for word in (f"-{name}", str(value))]

    def _run(self, command: list[str]) -> None:
        try:
            done = subprocess.run(  # noqa: S603 (a list, no shell, numbers and our own paths)
                command, check=False, capture_output=True, text=True, errors="replace", timeout=self.timeout_s
            )
        except subprocess.TimeoutExpired as error:
            raise InputError(f"hotpants ran longer than {self.timeout_s} s") from error
        except OSError as error:
            raise InputError(f"hotpants cannot be run: {error}") from error
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())
            raise InputError(f"hotpants failed with status {done.returncode}: {said[-300:]}")
        log.debug("hotpants finished")


def _write(path: Path, frame: Frame) -> float:
    """Write an image without pedestal, its missing pixels below a level, and return the level."""
    light = frame.pixels - np.float32(frame.pedestal)
    finite = light[np.isfinite(light)]
    if not len(finite):
        raise InputError(f"the {path.stem} image has no finite pixel")
    level = float(finite.min()) - 1.0
    filled: Image = np.where(np.isfinite(light), light, np.float32(level - 1.0)).astype(np.float32)
    fits.writeto(path, filled)
    return level


def _result(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"hotpants wrote no {path.name}")
    return path
