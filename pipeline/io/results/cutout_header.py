"""The header of a cutout file or data set: what all of its rows share, as its attributes say.

Tested by tests/pipeline/io/results/test_table_files.py.
"""

import json
import math
from dataclasses import dataclass, fields

import h5py
import numpy as np

from pipeline.classes import CLASS_NAMES
from pipeline.errors import InputError
from pipeline.io.results import cutout_layout as layout
from pipeline.io.results import schema

_OF_PIXELS = ("channels", "size_pixel", "pixel_scale_arcsec", "unit")
"""Attributes that a file of a table lacks."""


@dataclass(frozen=True, kw_only=True)
class CutoutHeader:
    """What all rows of a cutout file share, as the file's attributes say.

    Attributes
    ----------
    survey : str
        Name of the survey.
    channels : tuple of str
        Names of the channels in their order, such as ``science``, ``template``, ``difference``; of a table, those of
        its features.
    size_pixel : int, in pixel
        Side of a cutout; above 0, and 1 for a table.
    pixel_scale_arcsec : float, in arcsec/pixel
        Size of a pixel; above 0, NaN if it is not known, as in a table.
    unit : str
        Unit of the pixels; that of a table, whose features have one each, says nothing.
    class_names : tuple of str
        Names of the classes by the number in ``label``.
    pixel_state : str
        ``raw``, or the normalisation that the pixels went through.
    metadata : tuple of str
        Columns of ``/candidates`` beside those of every file, sorted; they are its only record.
    kind : {"cutouts", "table"}
        Whether the rows are cutouts, or rows of a table of features.
    weighted : bool
        Whether each row has a weight, the column ``weight``.
    targeted : bool
        Whether a number is to be predicted of each row, the column ``target``, and not a class.
    """

    survey: str
    channels: tuple[str, ...]
    size_pixel: int = 1
    pixel_scale_arcsec: float = math.nan
    unit: str = "adu"
    class_names: tuple[str, ...] = CLASS_NAMES
    pixel_state: str = "raw"
    metadata: tuple[str, ...] = ()
    kind: str = schema.CUTOUTS
    weighted: bool = False
    targeted: bool = False

    def __post_init__(self) -> None:
        if self.kind not in schema.KINDS:
            raise InputError(f"the kind of a file is {self.kind!r}; allowed: {', '.join(schema.KINDS)}")
        if self.is_table and (self.size_pixel != 1 or not math.isnan(self.pixel_scale_arcsec)):
            raise InputError(
                f"a table has cutouts of {self.size_pixel} pixels of {self.pixel_scale_arcsec} arcsec; allowed: one "
                "pixel without a size"
            )
        if math.isnan(self.pixel_scale_arcsec):  # one NaN, so that equal headers are equal
            object.__setattr__(self, "pixel_scale_arcsec", math.nan)

    def __eq__(self, other: object) -> bool:
        """Compare in tuples, in which a NaN is equal to itself on every Python; from 3.13 on dataclasses do not."""
        return isinstance(other, CutoutHeader) and self._values == other._values

    @property
    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))

    @property
    def is_table(self) -> bool:
        """Whether the rows are features."""
        return self.kind == schema.TABLE

    @property
    def row_shape(self) -> tuple[int, int, int]:
        """The shape of a row in memory: ``(y, x, channel)``."""
        return self.size_pixel, self.size_pixel, len(self.channels)

    @property
    def columns(self) -> dict[str, str]:
        """The columns of the rows, with their types."""
        return {**self.stored_columns, **self.row_columns}

    @property
    def row_columns(self) -> dict[str, str]:
        """The columns that are data sets of their own, with their types."""
        has = {schema.WEIGHT: self.weighted, schema.TARGET: self.targeted}
        return {name: kind for name, kind in schema.ROW_COLUMNS.items() if has[name]}

    @property
    def stored_columns(self) -> dict[str, str]:
        """The columns of ``/candidates``, with their types."""
        return {**schema.CANDIDATE_COLUMNS, **dict.fromkeys(self.metadata, schema.METADATA_TYPE)}

    @property
    def attributes(self) -> dict[str, object]:
        """The attributes of a file, in the order in which they are written."""
        has_kind = self.is_table or self.weighted or self.targeted
        values: dict[str, object] = {
            "schema": schema.SCHEMA_OF_KINDS if has_kind else schema.SCHEMA,
            "survey": self.survey,
            "channels": json.dumps(self.channels),
            "size_pixel": self.size_pixel,
            "pixel_scale_arcsec": self.pixel_scale_arcsec,
            "unit": self.unit,
            "class_names": json.dumps(self.class_names),
            "pixel_state": self.pixel_state,
        }
        if has_kind:
            values["kind"] = self.kind
        if self.is_table:
            values = {name: value for name, value in values.items() if name not in _OF_PIXELS}
            values[schema.FEATURES] = json.dumps(self.channels)
        return values


def read_header(file: h5py.File) -> CutoutHeader:
    """Return the header of a file.

    Raises
    ------
    InputError
        If it is no cutout file or data set of a version that this one reads, or an attribute is missing or wrong.
    """
    kind = _kind_of(file)
    if kind == schema.TABLE:
        return CutoutHeader(
            survey=layout.read_text(file, "survey"),
            channels=layout.read_names(file, schema.FEATURES),
            class_names=layout.read_names(file, "class_names"),
            pixel_state=layout.read_text(file, "pixel_state"),
            metadata=layout.metadata_columns(file),
            kind=kind,
            weighted=schema.WEIGHT in file,
            targeted=schema.TARGET in file,
        )
    return CutoutHeader(
        survey=layout.read_text(file, "survey"),
        channels=layout.read_names(file, "channels"),
        size_pixel=layout.read_count(file, "size_pixel"),
        pixel_scale_arcsec=layout.read_number(file, "pixel_scale_arcsec"),
        unit=layout.read_text(file, "unit", may_be_empty=True),
        class_names=layout.read_names(file, "class_names"),
        pixel_state=layout.read_text(file, "pixel_state"),
        metadata=layout.metadata_columns(file),
        kind=kind,
        weighted=_states_kind(file) and schema.WEIGHT in file,
        targeted=_states_kind(file) and schema.TARGET in file,
    )


def _kind_of(file: h5py.File) -> str:
    """Return what the rows of a file hold; an error if it is none of ours."""
    found, known = file.attrs.get("schema"), (schema.SCHEMA, schema.SCHEMA_OF_KINDS)
    is_known = isinstance(found, int | np.integer) and found in known
    if not is_known or not {schema.PIXELS, schema.FEATURES} & set(file):
        raise InputError(
            f"{file.filename} is not a cutout file of schema {' or '.join(map(str, known))}; its schema is "
            f"{str(found)[:60]}"
        )
    kind = layout.read_text(file, "kind") if _states_kind(file) else schema.CUTOUTS
    if kind not in schema.KINDS:
        raise InputError(f"{file.filename}: attribute 'kind' is {kind[:60]!r}; allowed: {', '.join(schema.KINDS)}")
    return kind


def _states_kind(file: h5py.File) -> bool:
    return bool(file.attrs["schema"] == schema.SCHEMA_OF_KINDS)
