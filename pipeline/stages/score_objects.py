"""Scores of objects from those of their images, written as CSV.

Tested by tests/integration/test_given_files.py.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.object_history import write_history
from pipeline.io.results.schema import HISTORY_COLUMNS
from pipeline.io.results.scores_file import read_scores, require_score
from pipeline.scores import objects as combined


def score_objects(
    path: Path, images: Iterable[tuple[Path, Path, str]], rule: str, history: Mapping[str, object] | None = None
) -> int:
    """Write one row per object, the least likely first, and return the number of objects.

    Parameters
    ----------
    path : Path
        CSV file to write, with the columns of :data:`pipeline.scores.objects.OBJECT_COLUMNS`; or the history.
    images : iterable of (Path, Path, str)
        Scores files, each with the cutout file that was scored, which has the telescopes, and the name of its survey.
    rule : str
        How the scores of an object's images are combined: a name in `pipeline.scores.objects.OBJECT_RULES`.
    history : mapping, optional
        Provenance of a Parquet file with a row for each image of an object, which is written in place of the CSV, with
        the columns of :data:`pipeline.io.results.schema.HISTORY_COLUMNS`: objects by id, the visits of each by time.

    Raises
    ------
    InputError
        If a file has the probabilities of more than two classes.
    """
    found = pd.concat([_of_images(*each, visits=history is not None) for each in images], ignore_index=True)
    objects = combined.score_objects(found, rule)
    if history is None:
        write_csv(path, objects)
    else:
        write_history(path, _history(found, objects), history)
    return len(objects)


def _of_images(scores: Path, cutouts: Path, survey: str, *, visits: bool) -> pd.DataFrame:
    """Return object, telescope and score of each image of a scores file; of visits all that is known."""
    columns = ["telescope", *(("time_mjd", "band", "label", "label_source") if visits else ())]
    with open_cutouts(cutouts) as file:
        beside = file.candidates(columns=("candidate_id", *columns))
    found = read_scores(scores)
    require_score(found, scores, "scores of objects")
    taken = [name for name in HISTORY_COLUMNS if name in found] if visits else ["candidate_id", "object_id", "score"]
    joined = found[taken].merge(beside, on="candidate_id", how="left", validate="one_to_one")
    return joined.assign(survey=survey) if visits else joined


def _history(visits: pd.DataFrame, objects: pd.DataFrame) -> pd.DataFrame:
    """Return the visits with the score of their object, and whether each counts in it."""
    scored = objects.set_index("object_id")
    known = visits["score"].notna()
    of_all = known.groupby(visits["object_id"]).transform("sum") == visits["object_id"].map(scored["images"])
    counts = known & (of_all | (visits["object_id"].map(scored["telescope"]) == visits["telescope"]))
    joined = visits.assign(object_score=visits["object_id"].map(scored["score"]), counts=counts)
    return joined.sort_values(["object_id", "time_mjd", "candidate_id"], ignore_index=True)[list(HISTORY_COLUMNS)]
