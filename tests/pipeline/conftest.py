"""A small report with everything in it, for the tests of figures, report and writer; a folder of images."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.io.results.schema import PSF_COLUMNS
from pipeline.metrics import worst_mistakes
from pipeline.metrics.class_mistakes import class_mistakes
from pipeline.plots import ClassReportData, Mistakes, Psfs, ReportData
from pipeline.plots.data import labelled_rows
from pipeline.psf import Moffat, PsfStars, judge_psf


def scores(n=240, seed=0, sharpness=2.0):
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    return pd.DataFrame(
        {
            "candidate_id": [f"{2**53 + 1 + i}" for i in range(n)],
            "object_id": [f"o{i // 3}" for i in range(n)],
            "group_id": [f"g{i // 3}" for i in range(n)],
            "label": label,
            "score": (1 / (1 + np.exp(-rng.normal(sharpness * (2 * label - 1), 1.5)))).astype("f4"),
            "kind": np.where(label == 1, np.where(np.arange(n) % 3 == 0, "injected", "mover"), "cosmic ray"),
            "label_source": np.where(label == 1, np.where(np.arange(n) % 3 == 0, "injected", "mover"), "bogus draw"),
            "flux_sign": np.where(np.arange(n) % 5 == 0, -1, 1),
            "magnitude": rng.normal(19, 1, n).astype("f4"),
            "snr": rng.exponential(20, n).astype("f4"),
            "band": "r",
            "night": [f"2026-01-0{1 + i // 7 % 4}" for i in range(n)],
            "split": np.where(np.arange(n) % 4 == 3, 0, 2),
        }
    )


def psf_record(psf_fwhm, exposure_id):
    """One image whose stars are 3 pixels wide, judged with a PSF of some width: its row and its images."""
    rng = np.random.default_rng(1)
    offsets = rng.uniform(-0.5, 0.5, (2, 5))
    pixels = np.stack([1e4 * Moffat(fwhm_pixel=3.0, size_pixel=25)(x, y) for x, y in offsets.T])
    stars = PsfStars(
        pixels=pixels + rng.normal(0, 1, pixels.shape), x_pixel=50 + offsets[0], y_pixel=50 + offsets[1],
        x_offset=offsets[0], y_offset=offsets[1], flux=np.full(5, 1e4), fwhm_pixel=3.0, sky_rms=1.0, found=9,
    )  # fmt: skip
    quality = judge_psf(Moffat(fwhm_pixel=psf_fwhm), stars)
    row = {"exposure_id": exposure_id, "image": "science", "source": "moffat", "fallback": "", **quality.numbers()}
    return row, quality.images(33)


def good_and_poor_psf():
    made = [psf_record(3.0, "good"), psf_record(4.0, "poor")]
    rows = pd.DataFrame([row for row, _ in made]).reindex(columns=list(PSF_COLUMNS))
    return Psfs(rows=rows, images=np.stack([images for _, images in made]))


def full():
    """Two models with everything that a report can show."""
    table = scores()
    mistakes = worst_mistakes(labelled_rows(table, "test"), threshold=0.5, per_class=3)
    cutouts = np.random.default_rng(1).normal(size=(len(mistakes), 9, 9, 3)).astype("f4")
    cutouts[0, :, :, 1] = np.nan
    cutouts[1] = 7.0
    truth = table[["candidate_id", "kind"]].assign(is_real=table["label"] == 1)
    lost = pd.DataFrame({"candidate_id": [""] * 9, "kind": "mover", "is_real": True})
    mine = table[table["label_source"] == "injected"]
    found = pd.DataFrame({"candidate_id": mine["candidate_id"], "recovered": True, "magnitude": mine["magnitude"]})
    missed = pd.DataFrame({"candidate_id": "", "recovered": False, "magnitude": np.linspace(20.0, 23.0, 30)})
    injected = pd.concat([found, missed], ignore_index=True).assign(band="r")
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [0.7, 0.4, 0.3], "val_loss": [0.7, 0.5, 0.6]})
    return ReportData(
        title="cnn on a <b>small</b> sky",
        survey="synthetic",
        scores={"cnn": table, "features": scores(seed=1, sharpness=1.0)},
        thresholds={"cnn": 0.5, "features": 0.4},
        threshold_rules={"cnn": "mdr: at most 1 % of the validation reals missed"},
        mistakes=Mistakes(rows=mistakes, cutouts=cutouts),
        history={"cnn": history},
        base_rate=0.02,
        candidates_per_night=1500.0,
        truth=pd.concat([truth, lost]),
        injected=injected,
        psfs=good_and_poor_psf(),
    )


@pytest.fixture
def report_data():
    return full()


@pytest.fixture
def images_folder(tmp_path, data_folder):
    """Return an empty folder of images; what is remembered of them goes to the data folder beside it."""
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


def class_scores(n=240, seed=0, sharpness=1.5, k=4):
    """Rows of four classes, the last of them rare and often taken for the third."""
    rng = np.random.default_rng(seed)
    label = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 0])[np.arange(n) % 10] % k
    logits = rng.normal(size=(n, k)) + sharpness * np.eye(k)[label]
    logits[:, 2] += (label == 3) * sharpness / 2
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return pd.DataFrame(
        {
            "candidate_id": [f"{2**53 + 1 + i}" for i in range(n)],
            "group_id": [f"g{i // 2}" for i in range(n)],
            "label": label,
            "label_source": "catalogue",
            "magnitude": rng.normal(20, 1, n).astype("f4"),
            "night": "all",
            "split": np.array([2, 2, 1, 0])[np.arange(n) // 10 % 4],
            **{f"p_{index}": chances[:, index].astype("f4") for index in range(k)},
        }
    )


@pytest.fixture(scope="session")
def class_report_data():
    """A report of four classes with two models, three parts, a history and colour cutouts of the confused rows."""
    data = ClassReportData(
        title="mlp on a <b>small</b> sky",
        survey="target_selection",
        class_names=("Others", "BG", "LRG", "<QSO>"),
        scores={"mlp": class_scores(), "forest": class_scores(seed=1, sharpness=1.0)},
        history={"mlp": pd.DataFrame({"epoch": [1, 2], "loss": [1.2, 0.8], "val_loss": [1.2, 0.9]})},
        reference_points={1: (0.5, 0.7)},
        reference_name="colour cuts",
        notes=("Colours decide the labels.",),
    )
    wrong = class_mistakes(data.judged("mlp"), 4)
    pixels = np.random.default_rng(3).uniform(0, 200, (len(wrong), 9, 9, 3)).astype("f4")
    return replace(data, mistakes=Mistakes(rows=wrong, cutouts=pixels, channels=("red", "green", "blue")))
