"""Surveys given as stamps or images of another system: psat-ml, gotorb, gmadet, otrain, Galaxy10, folders of images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import UNLABELLED, codes_of
from pipeline.errors import InputError, NightsiftError, SettingsError
from pipeline.io.legacy.base import STAMP_SETS, Rows, StampSet
from pipeline.io.legacy.load import open_format
from pipeline.io.results import content
from pipeline.io.results.night_manifest import Entry
from pipeline.io.settings_files import expand
from pipeline.night import night_of, parse_night, stated_nights
from pipeline.surveys.base import SURVEYS, Batch, dropped_rows
from pipeline.surveys.batches import batch_of
from pipeline.surveys.cutout_source import CutoutSource, Digests, Frozen
from pipeline.surveys.manifests import entry
from pipeline.surveys.settings import SurveySettings
from pipeline.times import is_possible

_LABELS = ("candidate_id", "label", "label_source", "kind")
_STATED = {"label": "int8", "label_source": "str", "kind": "str", "group_id": "str"}
"""What the files of a set may know that a survey leaves blank, with its type."""


@dataclass(frozen=True, kw_only=True)
class StampSetInput:
    """The ``input`` of a survey of stamps.

    Attributes
    ----------
    format : str
        ``psat_list``, ``psat_hdf5``, ``gotorb``, ``gmadet``, ``gmadet_cube``, ``galaxy10`` or ``image_folder``.
    paths : tuple of str
        The format's files and folders; a relative one starts at ``folder``.
    folder : str
        Where they lie.
    options : mapping
        Options of the format, see its section.
    night : str
        Night of stamps that carry no date.
    """

    format: str
    paths: tuple[str, ...] = (".",)
    folder: str
    options: Mapping[str, object] = field(default_factory=dict)
    night: str = ""

    def __post_init__(self) -> None:
        STAMP_SETS[self.format]
        if not self.paths:
            raise SettingsError("paths is empty; allowed: files and folders")
        if self.night:
            parse_night(self.night, 0)


@SURVEYS.register("stamp_set", settings=StampSetInput)
class StampSetSurvey(CutoutSource[StampSetInput]):
    """Reads a night's stamps and their labels from the files of another system."""

    tables = ("labels",)
    counted = "stamps"

    @property
    def holds(self) -> str:
        """The files of the format."""
        return f"the {self.input.format} files"

    @property
    def compared(self) -> tuple[Frozen, Frozen]:
        """The rows and the stamps of the files."""
        return Frozen("rows", f"the rows of {self.holds}"), Frozen("stamps", f"the stamps of {self.holds}")

    @cached_property
    def stamps(self) -> StampSet:
        """The opened set."""
        paths = [self.folder / expand(path, self.holds) for path in self.input.paths]
        opened = open_format(self.input.format, self.input.options, "input: options").open(
            paths, channels=self.settings.channels, size_pixel=self.settings.cutout_size_pixel
        )
        if opened.pixel_state != "raw":
            raise InputError(
                f"{paths[0]} holds pixels under {opened.pixel_state!r}; a survey gives raw ones. `nightsift import` "
                "keeps what was done to them; if nothing was, state options: {pixel_state: raw}"
            )
        return opened

    @cached_property
    def _nights(self) -> NDArray[np.object_]:
        nights = nights_of(self.stamps, self.settings, self.input.night)
        if (nights == "").any():
            name = self.stamps.rows["candidate_id"].iloc[int(np.argmax(nights == ""))]
            raise InputError(f"stamp {name!r} has no date; state its night with the key night")
        return nights

    def _rows(self, night: str) -> Rows:
        return np.flatnonzero(self._nights == night)

    def nights(self) -> list[str]:
        """Return the nights of the stamps' dates."""
        return sorted(set(self._nights.tolist()))

    def rows_entry(self, night: str) -> Entry:
        """Return count and digest of the night's rows without the labels of the files."""
        return entry(self.stamps.rows.drop(columns=["label"], errors="ignore").iloc[self._rows(night)])

    def digests(self, night: str) -> Iterator[Digests]:
        """Yield the digests of the night's stamps."""
        for _, (pixels, _) in self.stamps.blocks(self._rows(night)):
            yield content.row_digests(pixels)

    def blocks(self, night: str) -> Iterator[tuple[Batch, Digests]]:
        """Yield the night's stamps in blocks; what the set itself leaves out is listed with its first night."""
        digests: list[Digests] = []
        left_out = self.stamps.dropped if night in self.nights()[:1] else self.stamps.dropped[:0]
        for batch in batches(self.stamps, self.settings, self._nights, self._rows(night), digests):
            dropped = pd.concat([left_out, batch.dropped], ignore_index=True)
            yield replace(batch, candidates=_unlabelled(batch.candidates), dropped=dropped), digests[-1]
            left_out = left_out[:0]

    def table_rows(self, table: str, night: str) -> pd.DataFrame:  # noqa: ARG002 (there is only one)
        """Return the table ``labels`` of a night: what the files themselves say; of all nights for an empty one.

        Classes of the files are those of the survey that have the same name, in any case and order.

        Raises
        ------
        InputError
            If a class of the files is none of the survey's.
        """
        whole = self._labelled
        rows = whole.iloc[self._rows(night)] if night else whole
        labels = rows[[name for name in _LABELS if name in rows]].reset_index(drop=True)
        return labels if "label" in labels else labels.assign(label=UNLABELLED)

    @cached_property
    def _labelled(self) -> pd.DataFrame:
        """The rows of the files with labels by the survey's classes, which are the same by name."""
        rows, theirs, ours = self.stamps.rows, self.stamps.class_names, self.settings.class_names
        if "label" not in rows or (not self.settings.classes and len(theirs) == len(ours)):
            return rows  # a survey without classes of its own takes the two of the files, whatever they are called
        code_of = {UNLABELLED: UNLABELLED, **codes_of(theirs, ours)}
        counts = rows["label"].value_counts()
        unknown = sorted(int(code) for code in counts.index if code not in code_of)
        if unknown:
            named = ", ".join(f"{theirs[code]!r} ({counts[code]} stamps)" for code in unknown[:4])
            more = f" and {len(unknown) - 4} more" if len(unknown) > 4 else ""
            raise InputError(
                f"{self.holds} in {self.place} have the class {named}{more}; the survey's classes: {', '.join(ours)}; "
                "allowed: names that it has; options: {class_names: [...]} says what those of the files are called"
            )
        return rows.assign(label=rows["label"].map(code_of).astype(rows["label"].dtype))

    def check(self) -> list[str]:
        """Open the files, read the first stamps."""
        try:
            rows = self._rows(self.nights()[-1]) if len(self.stamps.rows) else np.zeros(0, np.intp)
            _, reasons = self.stamps.pixels(rows[:1])
            self.table_rows("labels", "")
        except NightsiftError as error:
            return [str(error)]
        if not len(self.stamps.rows) and len(left_out := self.stamps.dropped):
            name, _, reason = left_out.iloc[0]
            return [f"{self.holds} in {self.place}: none of {len(left_out)} stamps can be used, {name}: {reason}"]
        return [str(reason) for reason in reasons if reason]


def nights_of(stamps: StampSet, settings: SurveySettings, otherwise: str) -> NDArray[np.object_]:
    """Return the night of each stamp: its own, else from its time, else the stated one, which may be empty.

    A time outside 1900 to 2100 has no night: such a stamp is dropped later, and says why.
    """
    rows = stamps.rows
    nights = np.full(len(rows), otherwise, dtype=object)
    time = rows["time_mjd"].to_numpy(float) if "time_mjd" in rows else np.full(len(rows), np.nan)
    if "night" in rows:
        own = rows["night"].to_numpy(object, copy=True)
        own[own != ""] = stated_nights(own[own != ""], "stamps: column 'night'", settings.mjd_night_offset_days)
        nights = np.where(own == "", nights, own)
    dated = is_possible(time) & (nights == otherwise)
    if dated.any():
        nights[dated] = np.asarray(night_of(time[dated], settings.longitude_deg), dtype=object)
    return nights


def batches(
    stamps: StampSet,
    settings: SurveySettings,
    nights: NDArray[np.object_],
    rows: Rows | None = None,
    digests: list[Digests] | None = None,
) -> Iterator[Batch]:
    """Yield stamps as complete candidate rows with the labels of their files; each stamp counts as an exposure.

    Parameters
    ----------
    stamps : StampSet
        The opened set.
    settings : SurveySettings
        For the telescope and the channels, and for ``edges`` and ``max_edge_fraction`` at the border of a stamp.
    nights : ndarray of str, (n,)
        The night of each stamp.
    rows : ndarray of int, optional
        Which stamps; all by default.
    digests : list, optional
        Gets the hashes of each block's pixels.
    """
    for block, (pixels, reasons) in stamps.blocks(rows):
        if digests is not None:
            digests.append(content.row_digests(pixels))
        good = reasons == ""
        known = stamps.rows.iloc[block].assign(night=nights[block])
        lost = pd.concat([dropped_rows(known["candidate_id"][reasons == why], "read", str(why))
                          for why in dict.fromkeys(reasons[~good].tolist())] or [dropped_rows([], "", "")])  # fmt: skip
        batch = _complete(known[good].reset_index(drop=True), np.ascontiguousarray(pixels[good]), settings)
        yield Batch(
            cutouts=batch.cutouts,
            candidates=batch.candidates,
            dropped=pd.concat([lost, batch.dropped], ignore_index=True),
            exposures=len(block),
            lost=int((~good).sum()),
        )


def _complete(known: pd.DataFrame, pixels: NDArray[np.float32], settings: SurveySettings) -> Batch:
    """Return rows with all candidate columns, described by their pixels."""
    x, y = (
        known[name].to_numpy(float) if name in known else np.full(len(known), np.nan) for name in ("x_pixel", "y_pixel")
    )
    stated = {name: known[name].astype(kind) for name, kind in _STATED.items() if name in known}
    return batch_of(known, pixels, settings, places=(x, y), stated=stated)


def _unlabelled(candidates: pd.DataFrame) -> pd.DataFrame:
    """Return rows without the labels of their files: a survey's labels come from its chain."""
    return candidates.assign(label=np.int8(UNLABELLED), label_source=pd.Series("", candidates.index, dtype="str"),
                             kind=pd.Series("", candidates.index, dtype="str"))  # fmt: skip
