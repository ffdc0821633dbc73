"""``nightsift make-starter``: the package that comes with Nightsift, made from skies that are drawn for it."""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.datasets.dataset import DataSet
from pipeline.errors import InputError
from pipeline.io import settings_files
from pipeline.io.results.commit import commit
from pipeline.io.results.dataset_file import open_dataset

if TYPE_CHECKING:
    from models.recipes.classifier import ClassifierRecipe

SKIES: Final = ("starter", "starter_sharp", "starter_fine")
"""Surveys, each with a data set of its name, whose rows the package learns from."""

RECIPE: Final = "starter"
SEED: Final = 1


def make_starter(folder: Path, worth: Path | None = None) -> int:
    """Draw the skies unless they are there, train on all of them, and write the package.

    Parameters
    ----------
    folder : Path
        The package to make.
    worth : Path, optional
        A Markdown file with what was measured of the package, which ends its card; it changes no score.

    Raises
    ------
    InputError
        If the folder is there already.
    """
    if folder.exists():
        raise InputError(f"{folder} exists; remove it or name another folder")
    from models.recipes.classifier import ClassifierRecipe

    recipe = ClassifierRecipe.from_mapping(settings_files.raw("classifiers", RECIPE), f"classifiers/{RECIPE}.yaml")
    said = worth.read_text(encoding="utf-8") if worth is not None else ""
    with ExitStack() as opened:
        write_starter(folder, [opened.enter_context(open_dataset(path)) for path in _drawn()], recipe, said)
    sys.stdout.write(f"made {folder}, {_megabytes(folder):.1f} MB\n")
    return 0


def write_starter(folder: Path, datasets: Sequence[DataSet], recipe: "ClassifierRecipe", worth: str = "") -> None:
    """Train a recipe on several data sets joined, and write the package into a folder that is not there yet."""
    from models.packages import trained_files
    from models.packages.quantised import write_calibrated
    from models.training.joined import Joining, joined
    from models.training.train import train

    dataset = joined(datasets, Joining(), survey=RECIPE, seed=SEED)
    made_of = {one.survey: one.fingerprint for one in datasets}

    def write(path: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="nightsift-") as scratch:
            trained = Path(scratch) / "trained"
            commit(trained, lambda to: _train(to, Path(scratch) / "state"), directory=True)
            write_calibrated(
                path,
                trained_files.read(trained),
                dataset,
                recipe,
                provenance={"task": "make-starter", "skies": made_of},
            )
        _complete_card(path / "card.md", worth)

    def _train(path: Path, state: Path) -> None:
        trained_files.write(path, train(dataset, recipe, SEED, workdir=state), dataset=dataset)

    commit(folder, write, directory=True)


def _drawn() -> list[Path]:
    """Return the data set of each sky, drawn by the tasks unless it is there."""
    import luigi

    from tasks import BuildDataset

    tasks = [BuildDataset(survey=name) for name in SKIES]
    if not luigi.build(tasks, local_scheduler=True, log_level="WARNING"):
        raise InputError("a sky could not be drawn; the lines above say why")
    return [task.output().path for task in tasks]


def _complete_card(card: Path, worth: str) -> None:
    """Say at the end of a card how the package was made, and what it is worth on real alerts."""
    skies = ", ".join(f"`{name}`" for name in SKIES)
    made = (
        f"\n## How it was made\n\n`nightsift make-starter FOLDER`, from the drawn skies {skies} alone: it saw no pixel "
        "of a real telescope. The skies differ in their PSF, and each was brought to one width of it. Some rows were "
        "stripped of their template, some of their borders.\n"
    )
    with card.open("a", encoding="utf-8") as file:
        file.write(made + (f"\n{worth.strip()}\n" if worth else ""))


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
