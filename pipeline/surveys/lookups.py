"""What label providers and cleaning filters look up, read from the survey or from files."""

import pandas as pd

from pipeline.errors import InputError
from pipeline.io.catalogue_file import catalogue_path, read_columns
from pipeline.io.label_file import read_labels
from pipeline.labels import Reference
from pipeline.surveys.base import Survey


def read_reference(survey: Survey, reference: Reference, night: str) -> pd.DataFrame:
    """Return the table that a reference names.

    Raises
    ------
    MissingInputError, InputError, SettingsError
        If the survey or the disk has no such table, or it lacks a column.
    """
    if reference.kind == "table":
        return survey.reference(reference.name, night)
    if reference.kind == "labels":
        return read_labels(reference.name, night, dict(reference.columns), dict(reference.words))
    path = catalogue_path(reference.name)
    if reference.kind == "exposures":
        return read_columns(path, dict(reference.columns), text=("exposure_id",))
    table = read_columns(path, dict(reference.columns))
    missing = table.isna().any(axis=1)
    if missing.any():
        row = int(missing.to_numpy().argmax())
        raise InputError(f"{path}: row {row + 1}: a position is missing; allowed: a number")
    return table
