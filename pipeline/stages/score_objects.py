"""Scores of objects from those of their images, written as CSV.

Tested by tests/integration/test_given_files.py.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores, require_score
from pipeline.scores import objects as combined


def score_objects(path: Path, images: Iterable[tuple[Path, Path]], rule: str) -> int:
    """Write one row per object, the least likely first, and return the number of objects.

    Parameters
    ----------
    path : Path
        CSV file to write, with the columns of :data:`pipeline.scores.objects.OBJECT_COLUMNS`.
    images : iterable of (Path, Path)
        Scores files, each with the cutout file that was scored, which has the telescopes.
    rule : str
        How the scores of an object's images are combined: a name in `pipeline.scores.objects.OBJECT_RULES`.

    Raises
    ------
    InputError
        If a file has the probabilities of more than two classes.
    """
    objects = combined.score_objects(pd.concat([_of_images(*pair) for pair in images], ignore_index=True), rule)
    write_csv(path, objects)
    return len(objects)


def _of_images(scores: Path, cutouts: Path) -> pd.DataFrame:
    """Return object, telescope and score of each image of a scores file."""
    with open_cutouts(cutouts) as file:
        telescopes = file.candidates(columns=("candidate_id", "telescope"))
    found = read_scores(scores)
    require_score(found, scores, "scores of objects")
    found = found[["candidate_id", "object_id", "score"]]
    return found.merge(telescopes, on="candidate_id", how="left", validate="one_to_one")
