"""A start without a label, and what the first labels bring: ``python -m benchmarks.studies.ztf.unlabelled -h``.

Both data sets have the same folds by night. The recipe learns from the one in which nobody judged an alert, and from so
many alerts of the training part of the other, drawn among those that people or catalogues labelled; it is judged on the
test rows of the other.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.studies.ztf.judge import tables
from benchmarks.studies.ztf.trainings import calibrated, in_memory, judged, keep, named_recipe, of_parts, remember
from models.training.in_memory import MemoryDataSet
from pipeline.classes import BOGUS, TRAINING_ONLY_SOURCES
from pipeline.io.results.dataset_file import open_dataset
from pipeline.rng import stream

RECIPE: Final = "ztf_unlabelled"
PARENT: Final = "parent"
"""Label source of alerts that nobody judged."""


def main() -> int:
    """Train what is not there, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unlabelled", type=Path, nargs="+", required=True, help="folds of ztf_unlabelled_by_night")
    parser.add_argument("--labelled", type=Path, nargs="+", required=True, help="the same folds of ztf_by_night")
    parser.add_argument("--counts", type=int, nargs="+", default=[0, 50, 200], help="labelled alerts that are added")
    parser.add_argument("--draws", type=int, nargs="+", default=[1, 2, 3], help="each is the seed of a training too")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for logits, of this study alone")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    remember(options.scratch)
    for fold, paths in enumerate(zip(options.unlabelled, options.labelled, strict=True)):
        _train(paths, fold, options.counts, options.draws, options.scratch)
    found = {}
    for count in options.counts:
        seeds = [_read(options.scratch, count, draw, len(options.labelled)) for draw in options.draws]
        found[f"{count} labels"] = seeds
    print("\n".join(tables(found)))
    return 0


def _train(paths: tuple[Path, Path], fold: int, counts: Sequence[int], draws: Sequence[int], scratch: Path) -> None:
    files = {(count, draw): _file(scratch, count, draw, fold) for count in counts for draw in draws}
    missing = {key: file for key, file in files.items() if not file.is_file()}
    if not missing:
        return
    whole = in_memory(paths[0])
    for (count, draw), file in missing.items():
        rows = with_labels(whole, paths[1], count, draw)
        judged(rows, named_recipe(RECIPE), draw).to_parquet(file)
        keep(scratch)
        added = rows.candidates("train")["label"].iloc[len(whole.candidates("train")) :]
        print(f"{file.name}: {len(added)} added, {int((added == BOGUS).sum())} of them bogus", flush=True)


def with_labels(whole: MemoryDataSet, labelled: Path, count: int, draw: int) -> MemoryDataSet:
    """Return the rows of a fold without labels, with so many labelled ones behind them and the test rows to judge.

    Rows that teach already, the matches with solar-system objects, are not drawn.

    Parameters
    ----------
    whole : MemoryDataSet
        A fold of the data set without labels.
    labelled : Path
        The same fold of the other.
    count : int
        Labelled rows to add; all there are, if these are fewer.
    draw : int
        Another number draws others.
    """
    with open_dataset(labelled) as file:
        candidates = file.candidates("train")
        learned, pixels = whole.parts["train"]
        teaches = learned["candidate_id"][learned["label_source"] != PARENT]
        is_new = ~candidates["candidate_id"].isin(teaches) & ~candidates["label_source"].isin(TRAINING_ONLY_SOURCES)
        chosen = np.sort(stream(draw, "labels", labelled.stem).permutation(np.flatnonzero(is_new))[:count])
        train = pd.concat([learned, candidates.iloc[chosen]], ignore_index=True)
        parts = {
            "train": (train, np.concatenate([pixels, file.cutouts("train")[chosen]])),
            "validation": whole.parts["validation"],
            "test": (file.candidates("test"), file.cutouts("test")),
        }
        return of_parts(file, parts, f"{whole.fingerprint}+{count}")


def _file(scratch: Path, count: int, draw: int, fold: int) -> Path:
    return scratch / f"labels{count}-draw{draw}-fold{fold}.parquet"


def _read(scratch: Path, count: int, draw: int, folds: int) -> pd.DataFrame:
    tables = (calibrated(pd.read_parquet(_file(scratch, count, draw, fold))) for fold in range(folds))
    found = pd.concat(tables, ignore_index=True)
    return found[found["part"] == "test"].sort_values("candidate_id", ignore_index=True)


if __name__ == "__main__":
    raise SystemExit(main())
