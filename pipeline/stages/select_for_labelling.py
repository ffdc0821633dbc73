"""The candidates of scored rows that a person should label next, as a list that label providers read back.

Tested by tests/pipeline/stages/test_select_for_labelling.py.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED
from pipeline.errors import InputError
from pipeline.features import physical_features, unmeasurable
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.results.cutout_file import CutoutFile, open_cutouts
from pipeline.io.results.scores_file import class_columns, read_scores
from pipeline.io.results.selection_ledger import Proposal, proposed_once
from pipeline.rng import stream
from pipeline.scores.acquisition import Mixture, Pool, select

log = logging.getLogger(__name__)

COLUMNS: Final = (
    "candidate_id", "label", "rank", "reason", "value", "score", "object_id", "exposure_id", "night", "ra_deg",
    "dec_deg", "magnitude",
)  # fmt: skip
"""Columns of the list; ``label`` is empty, for a person to fill in."""
_OF_ROWS: Final = (
    "candidate_id", "object_id", "exposure_id", "night", "ra_deg", "dec_deg", "magnitude", "label",
)  # fmt: skip
_BLOCK: Final = 512


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes
    ----------
    count : int
        How many candidates.
    mixture : Mixture
        By which strategies.
    seed : int
        Of what is drawn.
    labelled : bool
        Whether candidates that have a label may be chosen too.
    selection : str
        Identity of the selection, by which the ledger knows it.
    ledger : Path
        What was proposed before.
    """

    count: int
    mixture: Mixture
    seed: int
    labelled: bool
    selection: str
    ledger: Path


def select_for_labelling(path: Path, scores: Path, rows: Path, request: Request, others: Sequence[Path] = ()) -> int:
    """Write the list of candidates to label, and return how many there are.

    Parameters
    ----------
    path : Path
        CSV file to write, with `COLUMNS`.
    scores : Path
        Scores of the rows.
    rows : Path
        The cutout file or data set that was scored.
    request : Request
        What is asked for.
    others : sequence of Path
        Scores of the same rows by further packages.

    Raises
    ------
    InputError
        If no candidate is left to choose, or a strategy needs what the scores do not have.
    StorageError
        If the ledger cannot be used.
    """
    table = _table(scores, rows, others)
    found = proposed_once(request.ledger, request.selection, lambda taken: _chosen(table, rows, request, taken))
    chosen = pd.DataFrame(found, columns=list(Proposal._fields)).merge(
        table.drop(columns="label"), on="candidate_id", how="left", validate="one_to_one"
    )
    chosen = chosen.assign(label="", rank=np.arange(1, len(chosen) + 1))
    write_csv(path, chosen[list(COLUMNS)], float_format="%.9g", lineterminator="\n")
    log.info("%d candidates to label: %s", len(chosen), _counts(chosen["reason"]))
    return len(chosen)


def _counts(reasons: pd.Series) -> str:
    return ", ".join(f"{count} by {name}" for name, count in reasons.value_counts().items())


def _table(scores: Path, rows: Path, others: Sequence[Path]) -> pd.DataFrame:
    """Return the scored rows, with their place in the file, probabilities, and those by further packages."""
    n_classes = class_columns(scores)
    names = [f"p_{index}" for index in range(n_classes)]
    if not n_classes:
        raise InputError(f"{scores} has no probabilities; allowed: scores that Infer made of classes")
    found = read_scores(scores)
    found = found.reindex(columns=["candidate_id", *names, "score", "bald"])
    with open_cutouts(rows) as file:
        known = file.candidates(columns=_OF_ROWS).assign(place=np.arange(len(file)))
    table = found.merge(known, on="candidate_id", how="inner", validate="one_to_one")
    for number, path in enumerate(others):
        more = read_scores(path)
        if missing := [name for name in names if name not in more]:
            raise InputError(f"{path} lacks {', '.join(missing)}, which {scores} has")
        renamed = {name: f"other_{number}_{name}" for name in names}
        more = more[["candidate_id", *names]].rename(columns=renamed)
        table = table.merge(more, on="candidate_id", how="left", validate="one_to_one")
    numbers = [name for name in table if name.startswith(("p_", "other_"))]
    return table[np.isfinite(table[numbers]).all(axis=1)].reset_index(drop=True)


def _chosen(table: pd.DataFrame, rows: Path, request: Request, taken: set[str]) -> list[Proposal]:
    """Return what is chosen of the scored rows, the first to look at first."""
    proposed = table["candidate_id"].isin(taken)
    may = ~proposed & ((table["label"] == UNLABELLED) | request.labelled)
    if not may.any():
        left = "" if request.labelled else "; `--labelled` lets candidates be chosen that have a label"
        raise InputError(
            f"none of {len(table)} scored candidates of {rows.name} is left to choose: {int(proposed.sum())} were "
            f"proposed before, {int((~proposed & ~may).sum())} have a label{left}"
        )
    pool_rows = table[may].reset_index(drop=True)
    features = known = None
    if "core_set" in request.mixture.shares:
        every = _features(rows, table["place"].to_numpy())
        features, known = every[may.to_numpy()], every[~may.to_numpy()]
    pool = Pool(
        probabilities=_probabilities(pool_rows, "p_"),
        bald=pool_rows["bald"].to_numpy(np.float64),
        others=_others(pool_rows),
        features=features,
        known=known,
    )
    places, reasons, values = select(pool, request.mixture, request.count, stream(request.seed, "labelling"))
    names = pool_rows["candidate_id"].iloc[places]
    return [Proposal(str(name), why, float(value)) for name, why, value in zip(names, reasons, values, strict=True)]


def _probabilities(rows: pd.DataFrame, prefix: str) -> NDArray[np.float64]:
    names = [name for name in rows if name.startswith(prefix)]
    return rows[names].to_numpy(np.float64)


def _others(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the probabilities by further packages, ``(package, n, class)``."""
    numbers = sorted({int(name.split("_")[1]) for name in rows if name.startswith("other_")})
    found = [_probabilities(rows, f"other_{number}_") for number in numbers]
    return np.stack(found) if found else np.zeros((0, len(rows), 0))


def _features(rows: Path, places: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the features of some rows of a file, ``(n, f)``: of a table its own, else physical ones."""
    with open_cutouts(rows) as file:
        if not file.header.is_table and (why := unmeasurable(file.header.channels)):
            raise InputError(f"strategy 'core_set' needs features of {rows.name}: {why}")
        return _measured(file, places)


def _measured(file: CutoutFile, places: NDArray[np.integer]) -> NDArray[np.float64]:
    wanted, found = np.zeros(len(file), bool), []
    wanted[places] = True
    for where, pixels in file.batches(_BLOCK):
        some = pixels[wanted[where]]
        found.append(some[:, 0, 0] if file.header.is_table else physical_features(some, file.header.channels))
    row_of = np.cumsum(wanted) - 1
    return np.concatenate(found).astype(np.float64)[row_of[places]]
