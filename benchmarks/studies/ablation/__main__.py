"""Train what is not there yet, and print the table of ablations.

``nice -n 10 python -m benchmarks.studies.ablation DATASET --sky DATASET --scratch FOLDER``. DATASET is a file of
``BuildDataset`` of ``synthetic_large``, of which the training part alone is read; ``--sky`` is one of another synthetic
sky, such as ``starter``, for the line that is pretrained. Each training that ends adds a line to ``trainings.jsonl`` in
the folder of its budget, beside its logits; a run skips what is there.

The recipe was fixed before any figure was seen:

* Rows are of cells of the sky of one arcminute: 55 % of the cells teach, 10 % choose the epoch, 35 % judge. Groups stay
  together. ``--rows`` rows teach, drawn once, the same for all lines but those that say otherwise; ``--judge`` rows
  judge, all of them labelled by a person or a catalogue.
* A network is trained for ``--epochs`` epochs at most, all else as ``config/classifiers`` says.
* Two seeds, and more where asked. A figure is the mean over seeds; the interval of a difference is of 68 %, over
  groups, the same groups drawn for both lines. A part earns its place where it lowers the MDR at FPR 1 % by more than
  that interval, and does not lower the AUC.
* Hard bogus: the base of the same seed scores the bogus of the cells that teach which are not among the rows; the
  worst take the place of half of the bogus that teach.
* Unlabelled as bogus: as many rows of the same cells, 14 % of them known reals; of the others, which all pass for
  bogus, 18 % are reals, as in the survey. The rows that choose the epoch keep their labels.
* Co-teaching drops a share of 18 % of the rows called bogus, which a survey knows as its ``base_rate``.
* Self-training: labels of a quarter of the nights alone teach and choose the epoch; of the other nights, rows whose
  calibrated score is above 0.98 or below 0.02 are added with that label, once.
* ``default`` is the stack of that recipe, weighed on the rows that choose the epoch; the second table has each network
  in the place of its own.

Tested by tests/benchmarks/studies/ablation/test_lines.py.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.studies.ablation.lines import LINES, PRETRAINED, Outcome, Study
from benchmarks.studies.ablation.rows import read_pool
from benchmarks.studies.ablation.table import tables
from benchmarks.studies.legacy_networks_table import (
    IDENTITY,
    RECORD,
    file_name,
    read_lines,
    trainings,
)
from models.inputs.measured import features_remembered
from models.training.in_memory import MemoryDataSet
from pipeline.io.results.dataset_file import open_dataset

NONE = "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.ablation", description=__doc__)
    parser.add_argument("dataset", type=Path, help="a data set, of which the training part is divided")
    parser.add_argument("--sky", type=Path, help="a data set of another sky, to pretrain on; none: no such line")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for logits and the record of trainings")
    parser.add_argument("--seeds", default="1,2", help="seeds of the trainings")
    parser.add_argument("--rows", type=int, default=3000, help="rows that teach at most")
    parser.add_argument("--judge", type=int, default=5000, help="rows that judge at most")
    parser.add_argument("--epochs", type=int, default=12, help="epochs of a network at most")
    parser.add_argument(
        "--only", default="", help="lines to train, separated by semicolons; none: all; -: the table alone"
    )
    options = parser.parse_args(arguments)
    scratch = options.scratch / f"rows{options.rows}-epochs{options.epochs}"
    scratch.mkdir(parents=True, exist_ok=True)
    asked = [name for name in options.only.split(";") if name not in ("", NONE)] or list(LINES)
    if unknown := [name for name in asked if name not in LINES]:
        parser.error(f"--only names {unknown[0]!r}; known: {'; '.join(LINES)}")
    wanted = [name for name in LINES if name in asked and (options.sky or name != PRETRAINED)]
    if options.only != NONE:
        study = Study(
            pool=read_pool(options.dataset, teach=options.rows, judge=options.judge),
            epochs=options.epochs,
            scratch=scratch,
            sky=another_sky(options.sky) if options.sky else None,
        )
        with features_remembered():
            for seed in map(int, options.seeds.split(",")):
                train_missing(study, wanted, seed)
    found = list(trainings(scratch))
    for line in tables(found):
        print(line, flush=True)
    return 0


def another_sky(path: Path) -> MemoryDataSet:
    """Return the parts of a data set that are learned from, in memory."""
    with open_dataset(path) as file:
        return MemoryDataSet(
            parts={part: (file.candidates(part), file.cutouts(part)) for part in ("train", "validation")},
            survey=file.survey,
            channels=tuple(file.channels),
            pixel_scale_arcsec=file.pixel_scale_arcsec,
            fingerprint=file.fingerprint,
        )


def train_missing(study: Study, names: Sequence[str], seed: int) -> None:
    """Train each of the lines, and what it needs before it, unless it is there."""
    for name in names:
        line = LINES[name]
        done = {(one["entry"], one["seed"]) for one in read_lines(study.scratch)}
        for entry in (line.needs, name):
            if entry and (entry, seed) not in done:
                _train_one(study, entry, seed)


def _train_one(study: Study, entry: str, seed: int) -> None:
    started, cpu = time.monotonic(), time.process_time()
    found = LINES[entry].train(study, seed)
    took = {"seconds": round(time.monotonic() - started, 1), "cpu_seconds": round(time.process_time() - cpu, 1)}
    named = {"entry": entry, "seed": seed, "dataset": study.pool.fingerprint[:12]}
    np.savez_compressed(study.scratch / file_name(named), **kept_of(found))
    line: dict[str, Any] = {**named, **found.facts, **took}
    with (study.scratch / RECORD).open("a", encoding="utf-8") as record:
        record.write(json.dumps(line) + "\n")
    print(line, file=sys.stderr, flush=True)


def kept_of(found: Outcome) -> dict[str, Any]:
    """Return the rows and logits of both parts, as `benchmarks.studies.legacy_networks` keeps them."""
    kept: dict[str, Any] = {}
    for part, logits in found.logits.items():
        candidates = found.dataset.candidates(part)
        kept |= {f"{part}_{name}": candidates[name].to_numpy(str) for name in IDENTITY}
        kept[f"{part}_label"] = candidates["label"].to_numpy(np.int64)
        kept[f"{part}_logit"] = logits
    return kept


if __name__ == "__main__":
    sys.exit(main())
