"""Labels from a list of ids: a database table or query, an eyeballing log, or a file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, CLASS_NAMES, REAL, UNLABELLED, allowed_labels, label_names, label_values
from pipeline.errors import InputError, SettingsError
from pipeline.labels.providers import LABEL_PROVIDERS, Tables, Verdict, table_of, verdict
from pipeline.labels.references import DETECTION, OBJECT, Of, Reference
from pipeline.photometry.flux_sign import FALSE_TEXTS, TRUE_TEXTS, plain_text


@dataclass(frozen=True, kw_only=True)
class ListLabels:
    """Labels from a table of ids: a database list, an eyeballing log, or, with ``file``, a CSV file.

    Attributes
    ----------
    table : str
        Reference table of the survey, or a name for the file.
    file : str
        CSV file (docs/formats.md#label-file); ``{night}`` in its name is the night.
    id_column : str
        What the table or file calls the id; ``candidate_id`` stands for ``object_id`` in a list of objects.
    label_column : str
        What it calls the label.
    label : str
        The class of every row, for a table without a label column; empty: the column says it.
    words : mapping of str to str
        What each word in the label column means: one of the survey's classes (``real`` or ``bogus`` of a survey that
        states none) or ``none``. Known without it are these names, their codes 0, 1, ..., -1, and nothing, which means
        ``none``. In a table of the survey, ``true`` and ``false`` also stand for
        what a server gives for them, such as 1 and 0.
    kinds : mapping of str to str
        What kind of thing each word in the label column means.
    unknown_ids : {"error", "ignore"}
        ``error``: each row of a file is a candidate of the night; ``ignore``: the file holds other nights too.
    source : str
        ``label_source`` of the rows, where the table has no such column; empty: the name in ``table``.
    real_kind : str
        ``kind`` of the reals, where the table has no such column; not of a survey that states classes.
    kind : str
        ``kind`` of all rows, where the table has no such column; empty: ``real_kind`` or ``bogus``, the name of the
        class in a survey that states classes.
    of : {"detection", "object"}
        Whether the ids are of candidates, or of objects, each of whose candidates gets the label
        (docs/labels.md#detections-and-objects).
    """

    table: str
    file: str = ""
    id_column: str = "candidate_id"
    label_column: str = "label"
    label: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    unknown_ids: Literal["error", "ignore"] = "error"
    source: str = ""
    real_kind: str = "transient"
    kind: str = ""
    of: Of = DETECTION

    def __post_init__(self) -> None:
        if self.label and (self.words or self.kinds):
            raise SettingsError(f"label is {self.label!r} for every row; then words and kinds say nothing")

    def class_faults(self, class_names: Sequence[str]) -> list[str]:
        """Return what the settings say of classes that the survey does not have."""
        names = [*label_names(class_names).values()]
        known = {name.lower() for name in names}
        faults = [
            f"words.{word} is {meaning!r}; allowed: {', '.join(names)}"
            for word, meaning in self.words.items()
            if meaning.lower() not in known
        ]
        if self.label and self.label.lower() not in {name.lower() for name in class_names}:
            faults.append(f"label is {self.label!r}; allowed: nothing, {', '.join(class_names)}")
        return faults

    @property
    def own_id(self) -> str:
        """The column of candidates in which the ids are looked up."""
        return "object_id" if self.of == OBJECT else "candidate_id"

    @property
    def listed_id(self) -> str:
        """What the table or file calls the ids."""
        return self.own_id if self.id_column == "candidate_id" else self.id_column

    def reads(self) -> dict[str, Reference]:
        """Return what the provider reads."""
        by_candidate = self.of == DETECTION  # rows of objects are looked up here
        if not self.file:
            return {"list": Reference(name=self.table, joined_by=self.listed_id if by_candidate else "")}
        columns = {"candidate_id": self.listed_id, "label": "" if self.label else self.label_column}
        renamed = () if columns == {"candidate_id": "candidate_id", "label": "label"} else tuple(columns.items())
        words = tuple(self.words.items())
        return {
            "list": Reference(
                name=self.file, kind="labels", columns=renamed, words=words,
                joined_by="candidate_id" if by_candidate else "",
            )
        }  # fmt: skip


@LABEL_PROVIDERS.register("list", settings=ListLabels, any_classes=True)
def list_labels(
    candidates: pd.DataFrame, tables: Tables, settings: ListLabels, class_names: Sequence[str] = CLASS_NAMES
) -> Verdict:
    """Join a list by ``candidate_id``, or by ``object_id``; an id that appears twice with different labels is an error.

    Parameters
    ----------
    candidates : DataFrame
        The rows to label.
    tables : mapping of str to DataFrame
        The list, by its role.
    settings : ListLabels
        What its columns and words are.
    class_names : sequence of str
        The survey's classes, at the index of their codes.
    """
    table, names = _labelled(tables, settings, class_names), label_names(class_names)
    spoken = table[table["label"] != UNLABELLED].drop_duplicates(["candidate_id", "label"])
    twice = spoken["candidate_id"][spoken["candidate_id"].duplicated()]
    if len(twice):
        said = sorted(spoken["label"][spoken["candidate_id"] == twice.iloc[0]], reverse=True)
        both = " and ".join(names[int(label)] for label in said[:2])
        raise InputError(f"labels {settings.table!r}: {settings.own_id} {twice.iloc[0]!r} is both {both}")
    found = spoken[spoken["candidate_id"] != ""].set_index("candidate_id").reindex(candidates[settings.own_id])
    label = found["label"].fillna(UNLABELLED).to_numpy(np.int8)
    kinds = {code: settings.kind or name for code, name in names.items()} | {UNLABELLED: ""}
    if tuple(class_names) == CLASS_NAMES:
        kinds |= {REAL: settings.kind or settings.real_kind, BOGUS: settings.kind or "bogus"}
    kind = _column_or(found, "kind", np.array([kinds[value] for value in label.tolist()], dtype=object))
    source = _column_or(found, "label_source", np.full(len(label), settings.source or settings.table, dtype=object))
    return verdict(label, kind, source)


def _labelled(tables: Tables, settings: ListLabels, class_names: Sequence[str]) -> pd.DataFrame:
    """Return the list with columns ``candidate_id`` and ``label`` (numbers), whatever the list calls them."""
    from_file, values = bool(settings.file), label_values(class_names)
    id_column = "candidate_id" if from_file else settings.listed_id
    label_column = "label" if from_file else settings.label_column
    wanted = (id_column,) if settings.label else (id_column, label_column)
    table = table_of(tables, "list", wanted, settings.table)
    table = table.assign(candidate_id=table[id_column])
    if settings.label:
        return table.assign(label=values[settings.label.lower()])
    if settings.kinds:
        words = table["word"] if from_file and "word" in table else table[label_column]
        table = table.assign(kind=[meaning or "" for meaning in _meanings(words, settings.kinds)])
    if not from_file:
        words = table[label_column]
        meant = zip(_meanings(words, settings.words), words, strict=True)
        table = table.assign(label=[values.get((meaning or plain_text(word)).lower(), word) for meaning, word in meant])
    bad = ~table["label"].isin(list(label_names(class_names)))
    if bad.any():
        row = table[bad].iloc[0]
        raise InputError(
            f"labels {settings.table!r}: candidate_id {row['candidate_id']!r} has label {str(row['label'])!r}; "
            f"allowed: {allowed_labels(class_names)}"
            + "".join(f", {word}" for word in settings.words)
            + "; `words` says what others mean"
        )
    return table


def _meanings(values: Iterable[object], words: Mapping[str, str]) -> list[str | None]:
    """Return the meaning of each value by the settings; None if they do not explain it.

    A truth value means the same in all its spellings: ``false`` is the 0 that a server gives for it.
    """
    plain = {plain_text(word): meaning for word, meaning in words.items()}
    for spellings in (FALSE_TEXTS, TRUE_TEXTS):
        said = [plain[text] for text in spellings if text in plain]
        plain = dict.fromkeys(spellings, said[0]) | plain if said else plain
    return [words[text] if (text := str(value)) in words else plain.get(plain_text(value)) for value in values]


def _column_or(found: pd.DataFrame, column: str, otherwise: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return a text column if the table has it, with a default for empty values."""
    if column not in found:
        return otherwise
    said = found[column].fillna("").to_numpy(object)
    return np.where(said == "", otherwise, said)
