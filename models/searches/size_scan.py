"""How good a classifier is against the number of training rows, with validation and test rows held fixed."""

import json
import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from models.recipes.classifier import ClassifierRecipe
from models.searches.scan_samples import SCHEMA, HeldFixed, Sample, ScanPlan, held_fixed
from models.training import checkpoints
from models.training.fitted import Progress, no_progress
from models.training.subsampled import SubsampledDataSet
from models.training.train import train
from pipeline.conversions import S_PER_DAY
from pipeline.datasets.dataset import DataSet
from pipeline.errors import DataSetError, MissingExtraError, StorageError
from pipeline.extras import demand
from pipeline.fingerprint import fingerprint, short
from pipeline.io.results.commit import commit
from pipeline.metrics.size_scan import COLUMNS, Cell
from pipeline.redaction import in_one_line

log = logging.getLogger(__name__)

ENDING: Final = ".scan"
"""Ending of the folder that keeps what a killed scan has finished."""
_STOPPING: Final = (StorageError, MissingExtraError)
"""Errors that every further training would meet as well."""


@dataclass(frozen=True, kw_only=True)
class SizeScan:
    """The result of a scan.

    Attributes
    ----------
    trainings : DataFrame
        One row per size and repeat, with the columns of `pipeline.metrics.size_scan.COLUMNS`.
    facts : mapping
        What ``scan.json`` says: what was asked, what was held fixed, and which trainings failed.
    """

    trainings: pd.DataFrame
    facts: Mapping[str, object]


def scan_size(
    dataset: DataSet,
    recipe: ClassifierRecipe,
    plan: ScanPlan,
    *,
    workdir: Path,
    progress: Progress = no_progress,
) -> SizeScan:
    """Train on samples of several sizes and judge each on the same test rows.

    Samples are whole groups of training rows, so that the cutouts of one object are in a sample or not. What was
    finished when a scan was killed is kept in ``workdir`` and not done again. A training that fails is listed with its
    reason, and the others go on.

    Parameters
    ----------
    dataset : DataSet
        Labelled cutouts of two classes in parts.
    recipe : ClassifierRecipe
        What to train.
    plan : ScanPlan
        Sizes, repeats and seed.
    workdir : Path
        Folder for the state of the training and for the figures of those that are done.
    progress : callable
        Called with the share done (0 ... 1) and a message.

    Raises
    ------
    DataSetError
        If a size is too small to hold each class or larger than the part, if no test row can be judged, or if every
        training failed.
    SettingsError
        If recipe and data set contradict each other, or the data set has more than two classes.
    MissingExtraError
        If what training needs is not installed.
    StorageError
        If ``workdir`` cannot be written.
    """
    demand("train", "a scan of the data set's size")
    held = held_fixed(dataset, recipe, plan)
    held.require_sizes()
    found, total = [], len(plan.sizes) * plan.repeats
    for number, sample in enumerate(held.samples()):
        told = _within(progress, number, total, f"size {sample.size}, repeat {sample.repeat}")
        found.append({**sample.about, **_figures(sample, held, workdir, told)})
    table = pd.DataFrame(found).reindex(columns=list(COLUMNS))
    if (table["reason"] != "").all():
        raise DataSetError(f"all {len(table)} trainings of the scan failed; the first: {table['reason'].iloc[0]}")
    return SizeScan(trainings=table, facts=held.facts(table))


def clear(workdir: Path) -> None:
    """Remove what a scan kept, once its result is in its place, and what scans beside it kept and nobody asked for.

    A scan that was killed is asked for again within weeks or never: what it kept waits as long as a checkpoint.
    """
    oldest = time.time() - S_PER_DAY * checkpoints.KEPT_DAYS
    for folder in workdir.parent.glob(f"*{ENDING}"):
        if folder != workdir and max(path.stat().st_mtime for path in (folder, *folder.rglob("*"))) < oldest:
            log.info("removing %s: no training was added for %d days", folder, checkpoints.KEPT_DAYS)
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(workdir, ignore_errors=True)


def _figures(sample: Sample, held: HeldFixed, workdir: Path, progress: Progress) -> dict[str, Cell]:
    """Return the figures of one training on the test rows, as they are kept if it was done before."""
    view = SubsampledDataSet(held.dataset, sample.chosen)
    identity = fingerprint([SCHEMA, held.recipe, sample.seed, view.fingerprint, held.judged.interval])
    folder = workdir / short(identity)
    done = folder / "figures.json"
    if done.is_file():
        log.info("size %s, repeat %d: done before", sample.size, sample.repeat)
        figures: dict[str, Cell] = json.loads(done.read_text(encoding="utf-8"))
        return figures
    began = time.monotonic()
    try:
        trained = train(view, held.recipe, sample.seed, workdir=folder, progress=progress)
        figures = {**held.judged.figures(trained.fitted.logits)}
    except _STOPPING:
        raise
    except Exception as error:  # what befalls one training says nothing of the others
        reason = in_one_line(f"{type(error).__name__}: {error}")
        log.warning("size %s, repeat %d failed: %s", sample.size, sample.repeat, reason)
        return {"seconds": round(time.monotonic() - began, 3), "reason": reason}
    figures |= {"seconds": round(time.monotonic() - began, 3), "reason": ""}
    _keep(done, figures)
    checkpoints.clear(folder)
    log.info("size %s, repeat %d: %d rows, AUC %.4f", sample.size, sample.repeat, sample.about["rows"], figures["auc"])
    return figures


def _keep(done: Path, figures: Mapping[str, Cell]) -> None:
    def write(path: Path) -> None:
        path.write_text(json.dumps(figures), encoding="utf-8")

    commit(done, write)


def _within(progress: Progress, number: int, total: int, what: str) -> Progress:
    """Return how the ``number``-th of ``total`` trainings tells how far it is."""
    return lambda share, message: progress((number + share) / total, f"{what}: {message}")
