"""Inputs that the benchmarks make themselves: cutouts, candidate rows, data sets, a trained package."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training.in_memory import MemoryDataSet
from pipeline.classes import REAL
from pipeline.io.results import schema
from pipeline.io.results.commit import commit
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.rng import stream

CHANNELS = ("science", "template", "difference")
SURVEY = "benchmark"
PARTS = {"train": 0.8, "validation": 0.1, "test": 0.1}
_BLOCK = 1024


def draw_cutouts(labels: NDArray[np.int8], size: int, seed: int) -> NDArray[np.float32]:
    """Return noise ``(n, size, size, 3)`` with a star in science and difference of the reals."""
    rng = stream(seed, "benchmark cutouts")
    pixels = rng.normal(100.0, 5.0, (len(labels), size, size, 3)).astype(np.float32)
    pixels[..., 2] -= 100.0
    offset = np.arange(size) - size // 2
    star = np.exp(-(offset[:, None] ** 2 + offset[None] ** 2) / 8.0).astype(np.float32)
    flux = rng.uniform(30.0, 300.0, len(labels)).astype(np.float32) * (labels == REAL)
    pixels[..., [0, 2]] += (flux[:, None, None] * star)[..., None]
    return pixels


def draw_candidates(labels: NDArray[np.int8], first: int = 0) -> pd.DataFrame:
    """Return candidate rows with ids that count from ``first``, each its own object on its own place."""
    count = len(labels)
    blanks = {name: "" if kind == schema.TEXT else 0 for name, kind in schema.CANDIDATE_COLUMNS.items()}
    names = [f"c{row:09d}" for row in range(first, first + count)]
    numbers = np.arange(first, first + count)
    return pd.DataFrame(blanks, index=range(count)).assign(
        candidate_id=names,
        object_id=names,
        group_id=names,
        night=[f"2026-01-{1 + row % 28:02d}" for row in range(count)],
        ra_deg=(numbers % 1000) * 0.3,
        dec_deg=(numbers // 1000) * 0.3 - 40.0,
        label=labels,
        label_source="eyeball",
        kind=np.where(labels == REAL, "transient", "bogus"),
        flux_sign=np.int8(1),
    )


def half_real(count: int) -> NDArray[np.int8]:
    """Return labels, every second row real."""
    return (np.arange(count) % 2).astype(np.int8)


def write_rows(path: Path, count: int, size: int, *, first: int = 0, data_set: bool = False) -> None:
    """Write a cutout file, or a data set in three parts, block by block."""
    header = CutoutHeader(survey=SURVEY, channels=CHANNELS, size_pixel=size, pixel_scale_arcsec=1.0)
    with CutoutWriter(path, header) as writer:
        for start in range(0, count, _BLOCK):
            labels = half_real(min(_BLOCK, count - start))
            pixels = draw_cutouts(labels, size, seed=first + start)
            writer.append(pixels, draw_candidates(labels, first + start))
        if data_set:
            shares = np.cumsum([0.0, *PARTS.values()])
            parts = np.searchsorted(shares[1:-1] * count, np.arange(count), "right")
            writer.write_split(parts.astype(np.int8), "0" * 64)


def memory_dataset(count: int, size: int) -> MemoryDataSet:
    """Return a small data set in memory."""
    parts = {}
    for seed, (part, share) in enumerate(PARTS.items()):
        labels = half_real(max(32, int(count * share)))
        parts[part] = draw_candidates(labels, 1_000_000 * seed), draw_cutouts(labels, size, seed)
    return MemoryDataSet(parts=parts, survey=SURVEY)


def write_package(folder: Path, classifier: str, size: int, normalisation: str = "asinh") -> None:
    """Train a network for one epoch and write its package; speed does not depend on what it learned."""
    from models.packages import calibrating, trained_files
    from models.packages.package import write_package
    from models.recipes.classifier import ClassifierRecipe
    from models.training.train import train

    recipe = ClassifierRecipe(classifier=classifier, normalisation=normalisation, epochs=1)
    dataset: Any = memory_dataset(320, size)
    trained = train(dataset, recipe, 1, workdir=folder.with_suffix(".training"))
    files = folder.with_suffix(".trained")
    commit(files, lambda path: trained_files.write(path, trained, dataset=dataset), directory=True)
    opened = trained_files.read(files)
    calibrated = calibrating.calibrate(opened, dataset, recipe)
    commit(folder, lambda path: write_package(path, opened, calibrated, provenance={}), directory=True)
