"""The folder of suspicious labels: the ranked list, how noisy the labels are, and a page of the first of them.

Tested by tests/pipeline/stages/test_suspicious_labels.py.
"""

import json
import logging
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from pipeline.classes import PART_NAMES
from pipeline.errors import InputError
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.dataset_file import DataSetFile, open_dataset
from pipeline.io.results.scores_file import read_scores
from pipeline.labels.confident_learning import confident_joint, noise_table, suspicious_labels
from pipeline.report.suspicious import suspicious_page

log = logging.getLogger(__name__)

LIST: Final = "suspicious.csv"
"""The list, of which a data-set recipe can make weights."""
SCHEMA: Final = 1
"""Version of ``noise.json`` and of the tables beside it."""
_OF_DATASET: Final = ["candidate_id", "object_id", "night", "label", "label_source"]


def write_suspicious(directory: Path, scores: Path, dataset: Path, *, shown: int, title: str) -> int:
    """Write the suspicious labels of a data set into a folder.

    ``suspicious.csv`` is the ranked list, ``noise.csv`` the share of wrong labels by class and source, ``noise.json``
    the thresholds and counts behind it, ``index.html`` the first rows of the list with their pixels.

    Parameters
    ----------
    directory : Path
        The folder, which exists.
    scores : Path
        Scores of the rows by models that did not learn from them.
    dataset : Path
        The data set.
    shown : int
        How many rows the page shows.
    title : str
        Whose labels these are.

    Returns
    -------
    int
        How many labels are suspicious.

    Raises
    ------
    InputError
        If rows of the data set are not in the scores, or the scores are of other classes.
    DataSetError
        If no row of a class has a score.
    """
    with open_dataset(dataset) as file:
        rows, names = labelled_scores(file, scores), file.class_names
        joint = confident_joint(rows["label"].to_numpy(), rows[_probability_names(names)].to_numpy())
        listed, noise = suspicious_labels(rows, joint, names), noise_table(rows, joint, names)
        top = listed.head(shown)
        places = rows["candidate_id"].reset_index().set_index("candidate_id")["index"].loc[top["candidate_id"]]
        pixels = _pixels(file, places.to_numpy())
        channels = file.channels
    write_csv(directory / LIST, listed, float_format="%.9g", lineterminator="\n")
    write_csv(directory / "noise.csv", noise, float_format="%.9g", lineterminator="\n")
    facts = {
        "schema": SCHEMA,
        "class_names": list(names),
        "thresholds": [round(float(value), 9) for value in joint.thresholds],
        "confident_joint": joint.counts.tolist(),
        "rows": len(rows),
        "judged": int((joint.confident >= 0).sum()),
        "suspicious": len(listed),
    }
    (directory / "noise.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    page = suspicious_page(title, top, noise, pixels, channels, len(listed))
    (directory / "index.html").write_text(page, encoding="utf-8")
    log.info("%d of %d labels are suspicious", len(listed), len(rows))
    return len(listed)


def labelled_scores(dataset: DataSetFile, scores: Path) -> pd.DataFrame:
    """Return the rows of a data set in their order, with ``part`` and the columns ``score p_0 p_1 ...`` of a file.

    Raises
    ------
    InputError
        If a row is not in the scores, or these are of another number of classes.
    """
    frames = [dataset.candidates(part)[_OF_DATASET].assign(part=part) for part in PART_NAMES.values()]
    rows, table = pd.concat(frames, ignore_index=True), read_scores(scores)
    wanted = _probability_names(dataset.class_names)
    if missing := [name for name in wanted if name not in table]:
        raise InputError(f"{scores} lacks {', '.join(missing)}; allowed: scores of {', '.join(dataset.class_names)}")
    found = table.drop_duplicates("candidate_id").set_index("candidate_id")[[*wanted, "score"]]
    known = rows["candidate_id"].isin(found.index)
    if not known.all():
        first = rows["candidate_id"][~known].iloc[0]
        raise InputError(
            f"{scores} lacks {int((~known).sum())} of {len(rows)} rows of the data set, the first {first!r}; allowed: "
            "scores that ScoreTrainingRows made of the same data set"
        )
    joined = found.loc[rows["candidate_id"]].reset_index(drop=True)
    return pd.concat([rows, joined], axis=1)


def _probability_names(class_names: tuple[str, ...]) -> list[str]:
    return [f"p_{index}" for index in range(len(class_names))]


def _pixels(file: DataSetFile, places: np.ndarray) -> np.ndarray | None:
    """Return the cutouts of some rows of a data set, ``(n, y, x, channel)``; None of a table, which has no pixels."""
    if file.size_pixel == 1:
        return None
    cutouts = [file.file.pixels(slice(place, place + 1)) for place in places.tolist()]
    shape = (0, file.size_pixel, file.size_pixel, len(file.channels))
    return np.concatenate(cutouts) if cutouts else np.zeros(shape, np.float32)
