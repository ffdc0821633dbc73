"""How many wrong labels are found, and what it gives to leave them out.

``python -m benchmarks.studies.label_noise DATASET SURVEY`` plants wrong labels among the rows of a data set that teach,
beside those that its people left. DATASET is of two classes; SURVEY is the ``survey.sqlite`` with the truth of its
candidates. Features are measured once, and rows of one cell of the sky are held out together, so that pixels are not
shared. Everything else is what the tasks do: scores by models that did not learn from a row, confident learning, a
forest of what is left, judged on the test rows by the truth.
"""

import argparse
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recipes.classifier import ClassifierRecipe
from models.searches.out_of_fold import FoldPlan, score_out_of_fold
from models.training.in_memory import MemoryDataSet
from models.training.train import train
from pipeline.classes import LEARNED_PARTS, PARTS
from pipeline.datasets.overlaps import Footprints
from pipeline.datasets.refolded import cell_names, footprints_of, group_names
from pipeline.features import feature_names, physical_features
from pipeline.io.results.dataset_file import DataSetFile, open_dataset
from pipeline.labels.confident_learning import confident_joint
from pipeline.metrics import METRICS
from pipeline.rng import stream

SHARES: Final = (0.0, 0.05, 0.1, 0.2)
"""Of the rows that teach, how many get the other label."""
RECIPE: Final = ClassifierRecipe(
    classifier="table_forest", settings={"n_estimators": 40, "max_features": 0.05}, threads=1
)
BLOCK: Final = 512
DOWN: Final = 0.2
FOLDS: Final = 4


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("survey", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", type=int, default=0, help="of each part, only so many; 0: all")
    parser.add_argument("--features", type=Path, help="keep the measured features in this file, and read them there")
    options = parser.parse_args()
    table, truth = read_table(options.dataset, options.survey, options.features, options.rows or None)
    head = ["planted", "wrong", "listed", "precision", "recall", "AUC as labelled", "listed left out",
            f"listed weigh {DOWN:g}", "wrong ones corrected", "won back"]  # fmt: skip
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|", flush=True)
    for share in SHARES:
        for seed in range(1, options.seeds + 1):
            print(f"| {' | '.join(line_of(table, truth, share, seed))} |", flush=True)
    return 0


def read_table(
    dataset: Path, survey: Path, kept: Path | None, most: int | None
) -> tuple[MemoryDataSet, dict[str, NDArray[np.int8]]]:
    """Return the data set as a table of features whose groups are cells of the sky, and the truth of each part."""
    with closing(sqlite3.connect(survey)) as connection:
        known = dict(connection.execute("SELECT candidate_id, is_real FROM truth"))
    with open_dataset(dataset) as file:
        features = features_of(file, kept)
        parts, truth = {}, {}
        for part in PARTS:
            rows = file.candidates(part)[:most]
            places = footprints_of(rows, file)
            truth[part] = np.array([known.get(name, 1) for name in rows["candidate_id"]], np.int8)  # injected are real
            rows["group_id"] = _cells(rows, places, part)
            parts[part] = rows, features[part][:most, None, None, :]
        names = tuple(feature_names(file.channels))
        survey_name, fingerprint = file.survey, file.fingerprint
    table = MemoryDataSet(
        parts=parts, survey=survey_name, channels=names, pixel_scale_arcsec=float("nan"), fingerprint=fingerprint
    )
    return table, truth


def features_of(file: DataSetFile, kept: Path | None) -> dict[str, NDArray[np.float32]]:
    """Return the physical features of each part, ``(n, f)``, as a file keeps them, or measured."""
    if kept is not None and kept.is_file():
        with np.load(kept) as stored:
            return {part: stored[part] for part in PARTS}
    found = {
        part: np.concatenate([physical_features(pixels, file.channels) for _, pixels in file.batches(part, BLOCK)])
        for part in PARTS
    }
    if kept is not None:
        np.savez(kept, **found)
    return found


def _cells(rows: pd.DataFrame, places: Footprints, part: str) -> NDArray[np.object_]:
    groups, label = group_names(rows), rows["label"].to_numpy()
    cells = cell_names(groups, places, label, np.ones(len(rows), bool))
    return np.asarray([f"{part} {cell}" if part == "test" else str(cell) for cell in cells], object)


def line_of(table: MemoryDataSet, truth: dict[str, NDArray[np.int8]], share: float, seed: int) -> list[str]:
    """Return one row of the table: what is found of wrong labels, and the AUC on test rows of four trainings."""
    noisy = planted(table, share, seed)
    right = np.concatenate([truth[part] for part in LEARNED_PARTS])
    given = np.concatenate([noisy.candidates(part)["label"].to_numpy() for part in LEARNED_PARTS])
    with tempfile.TemporaryDirectory() as folder:
        plan = FoldPlan(folds=FOLDS, by="object", seed=seed)
        scores = score_out_of_fold(noisy, RECIPE, plan, model="study", workdir=Path(folder))
    probabilities = scores[["p_0", "p_1"]].to_numpy()[: len(given)]
    joint = confident_joint(given, probabilities)
    listed = (joint.confident >= 0) & (joint.confident != given)
    wrong = given != right
    clean = relabelled(noisy, right)
    aucs = [
        auc_of(data, truth["test"], seed)
        for data in (noisy, weighed(noisy, listed, 0.0), weighed(noisy, listed, DOWN), clean)
    ]
    back = f"{100 * (aucs[1] - aucs[0]) / (aucs[3] - aucs[0]):.0f} %" if share and aucs[3] > aucs[0] else "-"
    found = [(listed & wrong).sum() / max(1, total.sum()) for total in (listed, wrong)]
    return [
        f"{100 * share:.0f} %", f"{100 * wrong.mean():.1f} % of {len(wrong)}", str(int(listed.sum())),
        *(f"{100 * value:.1f} %" for value in found), *(f"{auc:.5f}" for auc in aucs), back,
    ]  # fmt: skip


def planted(table: MemoryDataSet, share: float, seed: int) -> MemoryDataSet:
    """Return the table with the other label for a share of the rows that teach."""
    rng, labels = stream(seed, "planted", f"{share:g}"), []
    for part in LEARNED_PARTS:
        label = table.candidates(part)["label"].to_numpy()
        labels.append(np.where(rng.random(len(label)) < share, 1 - label, label))
    return relabelled(table, np.concatenate(labels))


def relabelled(table: MemoryDataSet, labels: NDArray[np.integer]) -> MemoryDataSet:
    """Return the table with other labels of the rows that teach."""
    return _changed(table, "label", labels.astype(np.int8))


def weighed(table: MemoryDataSet, listed: NDArray[np.bool_], weight: float) -> MemoryDataSet:
    """Return the table without the listed rows that teach, or with this weight of those that train."""
    if weight > 0:
        return _changed(table, "weight", np.where(listed, weight, 1.0))
    parts, start = dict(table.parts), 0
    for part in LEARNED_PARTS:
        rows, pixels = table.parts[part]
        stays = ~listed[start : start + len(rows)]
        parts[part] = rows[stays].reset_index(drop=True), pixels[stays]
        start += len(rows)
    return replace(table, parts=parts)


def _changed(table: MemoryDataSet, column: str, values: NDArray[np.generic]) -> MemoryDataSet:
    parts, start = dict(table.parts), 0
    for part in LEARNED_PARTS:
        rows, pixels = table.parts[part]
        parts[part] = rows.assign(**{column: values[start : start + len(rows)]}), pixels
        start += len(rows)
    return replace(table, parts=parts)


def auc_of(table: MemoryDataSet, truth: NDArray[np.int8], seed: int) -> float:
    """Return the AUC on the test rows of a training."""
    with tempfile.TemporaryDirectory() as folder:
        trained = train(table, RECIPE, seed, workdir=Path(folder))
    scores: Sequence[float] = trained.fitted.logits(table.cutouts("test"))[:, 0]
    return float(METRICS["auc"](truth.astype(int), np.asarray(scores)))


if __name__ == "__main__":
    raise SystemExit(main())
