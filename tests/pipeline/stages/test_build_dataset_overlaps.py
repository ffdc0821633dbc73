"""No pixel of an image or template is shown by two parts of a data set file: each pixel here has a value of its own."""

import logging

import numpy as np
import pytest

from pipeline.classes import PARTS
from pipeline.cutouts.extract import extract_cutouts
from pipeline.datasets.leakage import Separation
from pipeline.io.results import schema
from pipeline.io.results.content import content_sha256
from pipeline.io.results.dataset_file import open_dataset
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.stages.build_dataset import build_dataset

SIZE, EXPOSURES = 9, 3
REASON = "cutout overlaps another part"


def field(side):
    """Return the science images of some exposures and the template that they share, no value twice in any image."""
    pixels = np.arange(side**2, dtype=np.float32).reshape(side, side)
    shifts = np.random.default_rng(1).integers(0, 9, (EXPOSURES, 2))
    template = np.arange((side + 9) ** 2, dtype=np.float32).reshape(side + 9, side + 9)
    return pixels, template, shifts


@pytest.fixture
def sources(make_rows, make_cutouts, tmp_path):
    """Return a function that writes a file an exposure, of so many cutouts on an image of some side."""

    def write(count, side):
        science, template, shifts = field(side)
        files = []
        for exposure, (dx, dy) in enumerate(shifts.tolist()):
            x, y = np.random.default_rng(exposure).uniform(SIZE, side - SIZE, (2, count))
            whole = template[dy : dy + side, dx : dx + side]
            pixels = np.stack([extract_cutouts(image, x, y, SIZE).pixels for image in (science, whole)], axis=-1)
            rows = make_rows(
                [f"{exposure}-{row:04d}" for row in range(count)], exposure_id=[f"e{exposure}"] * count,
                x_pixel=x, y_pixel=y, ra_deg=20 + (x + dx) / 3600, dec_deg=(y + dy) / 3600,
                label=np.arange(count) % 2, label_source=["eye"] * count,
            )  # fmt: skip
            path = tmp_path / f"{exposure}-{count}.h5"
            files.append(make_cutouts(path, rows, size=SIZE, channels=("science", "template"), pixels=pixels))
        return files

    return write


def build(path, sources, **split):
    recipe = DatasetRecipe(
        survey="toy", nights=("2026-01-01",), split=SplitSettings(minimum_groups=1, **split), max_ratio=3
    )
    build_dataset(
        path, sources=sources, recipe=recipe, linked_within_arcsec=0.5, fold=0, fingerprint="f",
        provenance={"task": "BuildDataset"},
    )  # fmt: skip
    return path


def values(data, part):
    """Return the science pixels of a part, with their exposures, and its template pixels."""
    shown = data.cutouts(part)
    exposure = data.candidates(part)["exposure_id"].str[1:].astype(int).to_numpy()
    science = shown[..., 0] + 10.0**7 * exposure[:, None, None]
    return {"science": set(science.ravel().tolist()), "template": set(shown[..., 1].ravel().tolist())}


@pytest.mark.parametrize(("count", "side", "by"), [(60, 900, "groups"), (500, 500, "sky cells")])
def test_training_shares_no_pixel_with_validation_and_test(sources, tmp_path, count, side, by):
    with open_dataset(build(tmp_path / "d.h5", sources(count, side))) as data:
        separation = Separation.from_facts(data.file.provenance[schema.SEPARATION])
        assert separation.divided_by == by
        shown = {part: values(data, part) for part in PARTS}
    for image in ("science", "template"):
        train, validation, test = (shown[part][image] for part in ("train", "validation", "test"))
        assert min(len(train), len(validation), len(test)) > 5 * SIZE**2
        assert not train & (validation | test)
        assert not validation & test


def test_what_was_dropped_is_counted_printed_and_kept_in_the_file(sources, tmp_path, caplog):
    with caplog.at_level(logging.INFO), open_dataset(build(tmp_path / "d.h5", sources(60, 900))) as data:
        separation = Separation.from_facts(data.file.provenance[schema.SEPARATION])
        reasons = data.file.table("dropped")["reason"].value_counts()
        train = data.part("train")
    assert reasons[REASON] == separation.training + separation.validation > 0
    kept = train.stop - train.start + reasons.get("class ratio", 0)
    assert separation.lost_share == pytest.approx(separation.training / (kept + separation.training))
    assert separation.words() in caplog.text


def test_the_order_of_files_does_not_count_in_a_crowded_field(sources, tmp_path):
    files = sources(500, 500)
    first = content_sha256(build(tmp_path / "one.h5", files))
    assert content_sha256(build(tmp_path / "two.h5", files[::-1])) == first
