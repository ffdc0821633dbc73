"""The same transfer with a small network on pixels: one model per survey, judged on its first fold and on the other."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.studies.synthetic.transfer import SEED, auc_cell
from benchmarks.studies.synthetic.transfer_sides import Side
from models.recipes.classifier import ClassifierRecipe
from models.training.in_memory import MemoryDataSet
from models.training.train import train
from pipeline.io import settings_files

SIZE_PIXEL = 31
"""Middle of the cutouts that the network sees, as large as the cutouts of the synthetic survey."""


def print_network(sides: Sequence[Side], classifier: str = "triplet_cnn") -> None:
    """Print the AUC of a network trained on each side, on the rows of its survey that were held and on the other's."""
    recipe = ClassifierRecipe.from_mapping(settings_files.raw("classifiers", classifier), classifier)
    print(f"\n| {classifier}, trained on | its survey, held fifth | the other survey |\n|---|---|---|", flush=True)
    for side in sides:
        other = next(one for one in sides if one.survey != side.survey)
        parts = {name: (rows.assign(kind=""), _middle(side, rows)) for name, rows in side.parts(0).items()}
        with tempfile.TemporaryDirectory() as folder:
            fitted = train(MemoryDataSet(parts=parts), recipe, SEED, workdir=Path(folder)).fitted
        cells = []
        for tested, rows in ((side, parts["test"][0]), (other, other.judged())):
            scored = rows.assign(score=fitted.logits(_middle(tested, rows))[:, 0])
            cells.append(auc_cell(scored[scored["score"].notna()]))
        print(f"| {side.name} | {' | '.join(cells)} |", flush=True)


def _middle(side: Side, rows: pd.DataFrame):
    """Return the middle of the cutouts of some rows."""
    start = (side.pixels.shape[1] - SIZE_PIXEL) // 2
    near = slice(start, start + SIZE_PIXEL)
    return side.pixels[rows["row"].to_numpy()][:, near, near]
