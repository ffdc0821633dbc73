"""``nightsift export training_table``: the training rows of a table as a recipe's ``sampling`` makes them.

Tested by tests/commands/test_training_table.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.schema import WEIGHT
from pipeline.settings import parse

TRAINING_TABLE: Final = "training_table"
"""The name of the format."""

ENDINGS: Final = (".parquet", ".csv")


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Options of the format.

    Attributes
    ----------
    classifier : str
        Recipe of ``config/classifiers`` whose training it is.
    seed : int
        Of that training.
    """

    classifier: str
    seed: int = 1


def write_training_table(target: Path, scratch: Path, dataset_file: Path, options: Mapping[str, object]) -> int:
    """Write the training rows that a recipe learns from, and return how many they are.

    Columns: ``candidate_id`` (empty of drawn rows), ``label`` by name, ``label_source``, ``weight`` and the features.

    Parameters
    ----------
    target : Path
        Whose ending says the format, ``.parquet`` or ``.csv``.
    scratch : Path
        Where to write it.
    dataset_file : Path
        What ``BuildDataset`` made of a table.
    options : mapping
        As `TableOptions` has them.

    Raises
    ------
    SettingsError
        If the ending is another one, the data set is none of a table, or the recipe asks for no sampling.
    """
    from models.recipes.classifier import ClassifierRecipe
    from models.training.sampling import sampled
    from models.training.train import contract_of

    if target.suffix not in ENDINGS:
        raise SettingsError(f"{target} ends in {target.suffix!r}; allowed: {', '.join(ENDINGS)}")
    chosen = parse(TableOptions, options, f"options of {TRAINING_TABLE}")
    recipe = settings_files.load("classifiers", chosen.classifier, ClassifierRecipe)
    with open_dataset(dataset_file) as dataset:
        if recipe.sampling is None or dataset.size_pixel != 1:
            raise SettingsError(
                f"classifiers/{chosen.classifier}.yaml with {dataset_file}: there is no resampled table; allowed: a "
                "recipe with 'sampling' and a data set of a table"
            )
        found = sampled(dataset, contract_of(dataset, recipe), recipe, chosen.seed)
        rows, features = found.candidates("train"), found.cutouts("train")[:, 0, 0]
        table = rows[["candidate_id", "label", "label_source"]].assign(
            label=[dataset.class_names[label] for label in rows["label"]],
            weight=rows.get(WEIGHT, 1.0),
            **{name: features[:, place] for place, name in enumerate(dataset.channels)},
        )
    _write(scratch, table, target.suffix)
    return len(table)


def _write(path: Path, table: pd.DataFrame, ending: str) -> None:
    if ending == ".csv":
        write_csv(path, table)
    else:
        table.to_parquet(path, index=False)
