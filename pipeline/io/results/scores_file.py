"""Writes and reads the scores file (Parquet): one row per candidate, written block by block."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from pipeline.classes import CLASS_NAMES
from pipeline.errors import InputError, MissingInputError
from pipeline.ids.rounded import require_unrounded
from pipeline.ids.text import id_texts
from pipeline.io.files.bounded_parquet import read_bounded
from pipeline.io.files.csv_cells import cells_as_written
from pipeline.io.files.damaged import naming
from pipeline.io.files.digests import is_there
from pipeline.io.results import schema
from pipeline.io.results.headless_scores import PSAT_IDS, columns_without_head, with_ids
from pipeline.io.results.provenance import finished
from pipeline.io.results.sealed_parquet import SealedWriter, read_metadata, read_sealed
from pipeline.io.results.value_columns import DISTRIBUTIONS, value_columns
from pipeline.scores.deciding_rules import RULES
from pipeline.scores.unlike_training import UNLIKE
from pipeline.scores.verdicts import CONFORMAL, joint_promise

_KIND = "scores file"
_ROWS_A_GROUP = 16_384
_MAPPINGS = frozenset({"inputs", "identity", "code", "packages", UNLIKE, RULES, CONFORMAL})
"""Parts of the provenance that are read elsewhere, and so have to be mappings."""
_ARROW = {
    schema.TEXT: pa.string(), "float64": pa.float64(), "float32": pa.float32(), "int8": pa.int8(), "int32": pa.int32(),
}  # fmt: skip


def score_columns(n_classes: int, *, decided: bool = False, asked: Collection[str] = ()) -> dict[str, str]:
    """Return the columns of a scores file with their types, ``p_0 ... p_k`` in their place.

    Parameters
    ----------
    n_classes : int
        How many classes there are.
    decided : bool
        Whether rules of the survey decide the class after the classifier.
    asked : collection of str
        Which of `schema.ASKED_COLUMNS` there are.
    """
    columns: dict[str, str] = {}
    for name, kind in schema.SCORE_COLUMNS.items():
        columns |= {c: of for c, of in schema.ASKED_COLUMNS.items() if c in asked} if name == "flags" else {}
        columns[name] = kind
        if name == "split":
            columns |= {f"p_{index}": "float32" for index in range(n_classes)}
        if name == "label_predicted" and decided:
            columns |= schema.DECIDED_COLUMNS
    return columns


class ScoresWriter:
    """Writes a scores file block by block; use it as a context manager.

    Parameters
    ----------
    path : Path
        The file.
    columns : mapping of str to str, or int
        Its columns with their types, such as those of a regressor; or of how many classes it has probabilities.
    provenance : mapping
        Its provenance.
    decided : bool
        Whether the rows of classes have the columns of `schema.DECIDED_COLUMNS`.
    distributions : mapping, optional
        Of a regressor, the ``edges`` of the bins and the ``miscoverage`` of the interval.

    Attributes
    ----------
    provenance : dict
        Written last, so that it can be added to while rows are written.
    """

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str] | int,
        provenance: Mapping[str, object],
        *,
        decided: bool = False,
        distributions: Mapping[str, object] | None = None,
    ) -> None:
        named = score_columns(columns, decided=decided) if isinstance(columns, int) else columns
        fields = [(name, _ARROW[kind]) for name, kind in named.items()]
        self.provenance = dict(provenance)
        self._said = {"schema": str(schema.SCHEMA)}
        if distributions is not None:
            self._said = {"schema": str(schema.VALUES_SCHEMA), DISTRIBUTIONS: json.dumps(distributions)}
        self._schema = pa.schema(fields)
        self._writer = SealedWriter(path, self._schema, store_schema=False)
        self._waiting: list[pa.Table] = []

    def append(self, rows: pd.DataFrame) -> None:
        """Append rows that hold every column of the file."""
        self._waiting.append(pa.Table.from_pandas(rows, schema=self._schema, preserve_index=False))
        if sum(len(table) for table in self._waiting) >= _ROWS_A_GROUP:
            self._write()

    def _write(self) -> None:
        """Write what waits as one row group: each costs memory until the file is closed."""
        if self._waiting:
            self._writer.write(pa.concat_tables(self._waiting).combine_chunks())
            self._waiting = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._write()
            provenance = json.dumps(finished(self.provenance), sort_keys=True)
            self._writer.add_metadata({**self._said, "provenance": provenance})
        self._writer.__exit__(kind, error, trace)


def read_scores(path: str | Path, key: str = "candidate_id") -> pd.DataFrame:
    """Return a scores file, Parquet or CSV, with ids as text.

    Parameters
    ----------
    path : str or Path
        The file.
    key : str
        The column of ids that it must have: ``object_id`` of scores of objects.

    Raises
    ------
    MissingInputError, InputError
        If the file is not there, is of another schema, has ids that are floats, or lacks ``key`` or ``score``.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingInputError(f"no scores file {path}")
    with naming(path, _KIND):
        frame = _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
    if {"p_2", "value"} & set(frame) and "score" not in frame:  # of three classes or more, and of values, there is none
        frame = frame.assign(score=float("nan"))
    for column in (key, "score"):
        if column not in frame:
            raise InputError(f"{path}: column {column!r} is missing; there: {', '.join(frame)}")
    return frame


def require_score(scores: pd.DataFrame, path: Path, what: str) -> None:
    """Refuse values of a regressor, and scores of more than two classes, where the one score of a real decides.

    Parameters
    ----------
    scores : DataFrame
        As read.
    path : Path
        The file, for the message.
    what : str
        What needs the score, in the plural.

    Raises
    ------
    InputError
        If there are probabilities of more classes, whose number it names, or values.
    """
    if "value" in scores:
        raise InputError(f"{path} has the values of a regressor; allowed for {what}: scores of two classes")
    n_classes = sum(name.startswith("p_") and name[2:].isdigit() for name in map(str, scores))
    if n_classes > len(CLASS_NAMES):
        raise InputError(
            f"{path} has the probabilities of {n_classes} classes and no score of a real; allowed for {what}: scores "
            "of two classes"
        )


def _read_parquet(path: Path) -> pd.DataFrame:
    table = read_sealed(path, _KIND)
    found = (table.schema.metadata or {}).get(b"schema", str(schema.SCHEMA).encode()).decode()
    if found not in schema.SCORE_SCHEMAS:
        raise InputError(
            f"{path} holds scores of schema {found}; this version reads schema {' or '.join(schema.SCORE_SCHEMAS)}"
        )
    ids = [name for name in ("candidate_id", "object_id", "exposure_id") if name in table.column_names]
    texts = {name: id_texts(table[name], f"{path}: column {name!r}") for name in ids}
    return table.to_pandas().assign(**texts)


def _read_csv(path: Path) -> pd.DataFrame:
    columns = schema.SCORE_COLUMNS | schema.DECIDED_COLUMNS | schema.ASKED_COLUMNS
    text = {name: pa.string() for name, kind in columns.items() if kind == schema.TEXT}
    text |= dict.fromkeys((PSAT_IDS, "group_id", "kind", "label_source", "band", "detector"), pa.string())
    options = pa.csv.ConvertOptions(column_types=text, strings_can_be_null=False)
    names = columns_without_head(path)
    found = pa.csv.read_csv(path, pa.csv.ReadOptions(column_names=names or None), convert_options=options)
    frame = with_ids(cells_as_written(found.to_pandas()), has_head=not names)
    for name in {"candidate_id", "object_id", "exposure_id"} & set(frame):
        require_unrounded(frame[name], f"{path}: column {name!r}", first_row=1 if names else 2)
    return frame


def class_columns(path: Path) -> int:
    """Return of how many classes a scores file has probabilities, as the names of its columns say; 0 for none.

    Raises
    ------
    MissingInputError, InputError
        If the file is not there or damaged.
    """
    if not path.is_file():
        raise MissingInputError(f"no scores file {path}")
    with naming(path, _KIND):
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                names = [name.strip().strip('"') for name in file.readline().split(",")]
        else:
            names = list(pq.read_schema(path).names)
    n = 0
    while f"p_{n}" in names:
        n += 1
    return n


def scores_provenance(path: Path) -> dict[str, Any]:
    """Return the provenance of a Parquet scores file; any program may have written it, so what is read is checked.

    Raises
    ------
    InputError
        If it is not JSON, or a part of it is of another kind.
    """
    with naming(path, _KIND):
        said = json.loads(read_metadata(path, _KIND).get("provenance", "{}"))
        provenance = _mapping(path, "provenance", said)
        for key in _MAPPINGS & provenance.keys():
            _mapping(path, f"provenance: {key}", provenance[key])
        _require_sides(path, provenance.get(UNLIKE, {}))
        return provenance


def _mapping(path: Path, what: str, value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise InputError(f"{path}: {what} is {str(value)[:60]!r}; allowed: a mapping")


def _require_sides(path: Path, unlike: Mapping[str, object]) -> None:
    """Refuse a difference from the training data whose two sides are of the wrong kind, before a page shows it."""
    for name, kinds in {"survey": str, "pixel_scale_arcsec": int | float}.items():
        sides = unlike.get(name)
        is_told = isinstance(sides, dict) and all(isinstance(sides.get(side), kinds) for side in ("trained", "scored"))
        if name in unlike and not is_told:
            raise InputError(
                f"{path}: provenance: {UNLIKE}: {name} is {str(sides)[:60]!r}; allowed: trained and scored"
            )


def unlike_training(path: Path) -> dict[str, Any]:
    """Return how the scored cutouts differ from those that the model learned from; empty for a CSV file."""
    return {} if path.suffix == ".csv" else dict(scores_provenance(path).get(UNLIKE, {}))


def concatenate(path: Path, parts: list[Path], *, split: int, provenance: Mapping[str, object]) -> None:
    """Write the rows of one part of several scores files as one file, sorted by ``candidate_id``.

    Parameters
    ----------
    path : Path
        The file to write.
    parts : list of Path
        Scores files.
    split : int
        Code of the part whose rows are kept.
    provenance : mapping
        Provenance of the new file; what the parts say of cutouts unlike the training data, and of rules that decided
        classes, is added.
    """
    frames = [frame[frame["split"] == split] for frame in map(read_scores, parts)]
    scores = pd.concat(frames, ignore_index=True).sort_values("candidate_id", kind="stable")
    said = read_metadata(parts[0]).get(DISTRIBUTIONS)
    unlike = {name: sides for part in parts for name, sides in unlike_training(part).items()}
    decided = "label_decided" in scores
    about = {UNLIKE: unlike} if unlike else {}
    about |= {RULES: scores_provenance(parts[0]).get(RULES, {})} if decided else {}
    about |= joint_promise([scores_provenance(part).get(CONFORMAL, {}) for part in parts])
    n = sum(name.startswith("m_" if said else "p_") for name in scores)
    columns = score_columns(n, decided=decided, asked=list(scores)) if said is None else value_columns(n)
    distributions = None if said is None else json.loads(said)
    with ScoresWriter(path, columns, {**provenance, **about}, distributions=distributions) as writer:
        writer.append(scores)


def files_by_name(paths: Sequence[Path]) -> dict[str, Path]:
    """Return scores files by their names without ending, as a report calls them.

    Raises
    ------
    InputError
        If two have the same name: a report could not tell them apart.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise InputError(
                f"scores files {found[path.stem]} and {path} are both called {path.stem!r} in a report; "
                "give each a name of its own"
            )
        found[path.stem] = path
    return found


def models_of_scores(path: Path) -> list[str]:
    """Return the names of the packages that made a scores file, sorted; empty if it does not state them."""
    try:
        names = _models_csv(path) if path.suffix == ".csv" else _models_parquet(path)
    except (pa.ArrowException, OSError, InputError):  # the reader of the scores says so
        return []
    return sorted(set(pc.unique(names).to_pylist()) - {None, ""})


def _models_csv(path: Path) -> pa.ChunkedArray:
    options = pa.csv.ConvertOptions(
        column_types={"model": pa.string()}, include_columns=["model"], include_missing_columns=True
    )
    return pa.csv.read_csv(path, convert_options=options)["model"]


def _models_parquet(path: Path) -> pa.ChunkedArray:
    with pq.ParquetFile(path) as file:
        stated = "model" in file.schema_arrow.names  # one column, unchecked: a run plans by it
        return read_bounded(file, path, ["model"])["model"] if stated else pa.chunked_array([], pa.string())


def rows_of_scores(path: Path, data_folder: Path) -> Path | None:
    """Return the cutout file or data set that a scores file was made from, if it says so and it is there."""
    if path.suffix == ".csv" or not path.is_file():
        return None
    place = scores_provenance(path).get("inputs", {}).get("rows", "")
    if not isinstance(place, str) or not place or Path(place).is_absolute() or ".." in Path(place).parts:
        return None  # what lies outside the data folder is read where it is named on the command line alone
    found = data_folder / place
    return found if is_there(found) else None
