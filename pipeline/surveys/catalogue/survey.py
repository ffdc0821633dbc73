"""Surveys given as tables of sources: features, cuts, classes and weights worked out of columns, block by block."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import GIVEN_PART, UNLABELLED
from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, MissingInputError
from pipeline.expressions.columns import evaluate_block
from pipeline.expressions.missing import first_known, with_missing
from pipeline.expressions.totals import Totals, total_block, total_faults
from pipeline.faults import faults_of
from pipeline.ids.hashes import id_hashes, repeated_hashes
from pipeline.io.files.digests import file_digest
from pipeline.io.results.night_manifest import Entry, Manifest
from pipeline.io.settings_files import expand
from pipeline.io.tables.table_blocks import TableBlocks
from pipeline.night import ALL
from pipeline.surveys.base import SURVEYS, Batch, Source, dropped_rows
from pipeline.surveys.candidate_columns import candidates_frame, impossible
from pipeline.surveys.catalogue.rows import ClassCodes, ReadRows, RowReader, WantedColumns, require_known
from pipeline.surveys.catalogue.settings import CatalogueInput
from pipeline.surveys.manifests import require_unchanged

log = logging.getLogger(__name__)
BY_COLUMN, BY_RULE, BY_TARGET = "class column", "class rules", "target"
"""Label sources of rows whose class a column states, or rules, and of rows whose target is known."""


class _Block(NamedTuple):
    rows: ReadRows
    broken: pd.DataFrame
    part: float
    """Code of the part that the file is of; NaN for none."""


@dataclass(kw_only=True)
class _Overview:
    """What the first reading of a whole table told.

    Attributes
    ----------
    totals : Totals or None
        Sums over all rows that can be read; none of an empty table.
    suspects : ndarray of uint64
        Hashes of ids that appear more than once.
    classes : ndarray of int64, (k,)
        Rows of each class that a column states.
    codes : ClassCodes or None
        What the column of classes holds, if there is one.
    """

    totals: Totals | None
    suspects: NDArray[np.uint64]
    classes: NDArray[np.int64]
    codes: ClassCodes | None
    seen: set[str] = field(default_factory=set)


@SURVEYS.register("catalogue", settings=CatalogueInput)
class CatalogueSurvey(Source[CatalogueInput]):
    """Reads a table of sources as the one night ``all``."""

    counted = "rows"
    has_metadata = True
    states_labels = True

    @property
    def holds(self) -> str:
        """The tables."""
        return "the survey's tables"

    @cached_property
    def paths(self) -> list[Path]:
        """The files, in the order of the settings, those of a pattern by name."""
        found: list[Path] = []
        for name in self.input.files:
            expanded = expand(name, self.holds)
            matches = sorted(self.folder.glob(expanded)) if set("*?[") & set(expanded) else [self.folder / expanded]
            if not matches:
                raise MissingInputError(f"no file fits {expanded!r} in {self.folder}")
            found += [path for path in matches if path not in found]
        return found

    @cached_property
    def _wanted(self) -> WantedColumns:
        return WantedColumns.of(self.settings, self.input)

    def nights(self) -> list[str]:
        """Return the one night ``all``."""
        return [ALL]

    def frozen_input(self, night: str) -> Manifest:
        """Return the number of rows, and size and digest of each file."""
        files = {self._name(path): _stated(path) for path in self.paths}
        rows = sum(len(block.rows) + len(block.broken) for block in self._blocks()) if night == ALL else 0
        return {"queries": {"candidates": {"rows": rows, "sha256": _together(files)}}, "files": files}

    def read(self, night: str, manifest: Manifest) -> Iterator[Batch]:
        """Yield the rows in blocks; a row that cannot be read, is cut or comes twice is dropped with the reason."""
        if night != ALL:
            return
        for path in self.paths:
            name = self._name(path)
            require_unchanged(night, name, manifest["files"].get(name, {}), _stated(path))
        overview = self._overview()
        for fault in self._faults_of(overview):
            log.warning("%s: %s", self._where, fault)
        for block in self._blocks():
            yield self._batch(block, overview)

    def check(self) -> list[str]:
        """Read the whole table once."""
        return faults_of([lambda: self._faults_of(self._overview())])

    @property
    def _where(self) -> str:
        return ", ".join(path.name for path in self.paths)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)

    def _blocks(self) -> Iterator[_Block]:
        """Yield the blocks of all files, and the rows of each that are no rows at all."""
        for path in self.paths:
            with TableBlocks(path, hdu=self.input.hdu) as table:
                require_known(table.names, self._wanted, self.settings, self.input, str(path))
                ids, name = self.input.named["candidate_id"], self._name(path)
                called = path.name if Path(name).is_absolute() else name
                part = self.input.part_of(called)
                reader = RowReader(self._wanted, ids, str(path), name=called, broken=table.broken)
                for columns in table.blocks(self._wanted.all, self._wanted.texts):
                    yield _Block(reader.read(columns), dropped_rows([], "", ""), part)
                if table.broken:
                    names = [f"row {row} of {path.name}" for row in table.broken]
                    log.warning("%s: %s has more or fewer cells than the head, as %d rows do; they are left out",
                                path, names[0], len(names))  # fmt: skip
                    broken = dropped_rows(names, "read", "cells do not fit the head")
                    yield _Block(_no_rows(self._wanted), broken, part)

    def _codes(self) -> ClassCodes | None:
        if not self.input.class_column:
            return None
        return ClassCodes(class_names=self.settings.class_names, values=self.input.class_values)

    def _overview(self) -> _Overview:
        """Read the whole table once, for what no block can know."""
        codes, totals, hashes = self._codes(), None, []
        classes = np.zeros(len(self.settings.class_names), np.int64)
        for block in self._blocks():
            rows = block.rows
            if not len(rows):
                continue
            hashes.append(id_hashes(pd.Series(rows.texts[self.input.named["candidate_id"]], dtype="str")))
            label = None if codes is None else codes.of(rows.texts[self.input.class_column])
            names = self.settings.class_names
            good = rows.reason == ""
            kept = {name: column[good] for name, column in rows.numbers.items()}
            label = None if label is None else label[good]
            if not good.any():
                continue
            if label is not None:
                classes += np.bincount(label[label >= 0], minlength=len(names))
            added = total_block(self.input, kept, class_names=names, label=label)
            totals = added if totals is None else totals + added
        return _Overview(totals=totals, suspects=repeated_hashes(hashes), classes=classes, codes=codes)

    def _faults_of(self, overview: _Overview) -> list[str]:
        """Return what is suspicious about the whole table."""
        if overview.totals is None:
            return [f"{self._where}: no row can be read"]
        names = self.settings.class_names
        faults = list(total_faults(self.input, overview.totals, class_names=names))
        if overview.codes is not None:
            faults += [overview.codes.words()] if overview.codes.unknown else []
            few = [f"{name} ({count})" for name, count in zip(names, overview.classes, strict=True) if count < 2]
            if few:
                faults.append(f"column {self.input.class_column!r} names fewer than 2 rows of {', '.join(few)}")
        if len(overview.suspects):
            faults.append(f"{len(overview.suspects)} ids appear more than once; the first row of each stays")
        return faults

    def _batch(self, block: _Block, overview: _Overview) -> Batch:
        """Return a block with features, labels and weights, and without the rows that are dropped."""
        rows, columns = block.rows, self.input.named
        label = None if overview.codes is None else self._codes_of(rows)
        values = evaluate_block(
            self.input, rows.numbers, class_names=self.settings.class_names, totals=overview.totals, label=label
        )  # fmt: skip
        numbers = with_missing(rows.numbers, self.input.missing)
        table = {ours: rows.texts.get(theirs, numbers.get(theirs)) for ours, theirs in columns.items()}
        plain = {ours: np.ma.filled(np.ma.asanyarray(column).astype(float), np.nan) if ours not in self._text_names
                 else column for ours, column in table.items()}  # fmt: skip
        known = pd.DataFrame(plain)
        known = known.assign(**self._metadata(rows, block.part))
        if "object_id" in known:
            known["object_id"] = known["object_id"].where(known["object_id"] != "", known["candidate_id"])
        else:
            known["object_id"] = known["candidate_id"]
        reason = self._reasons(rows, values.reason, values.features, known, overview)
        keep = reason == ""
        kept = known[keep].reset_index(drop=True)
        nowhere = np.full(len(kept), np.nan)
        candidates = candidates_frame(kept.assign(night=ALL), {}, self.settings, nowhere, nowhere)
        if "group_id" in kept:
            candidates["group_id"] = kept["group_id"].where(kept["group_id"] != "", candidates["object_id"])
        features = values.features[keep]
        candidates = _described(candidates, features, values.label[keep], self._source_of_labels)
        if self.settings.is_weighted:
            candidates["weight"] = values.weight[keep]
        if self.settings.has_target:
            candidates["target"] = values.target[keep]
        dropped = pd.DataFrame({"candidate_id": known["candidate_id"][~keep], "step": "read", "reason": reason[~keep]})
        return Batch(
            cutouts=np.ascontiguousarray(features[:, None, None, :]),
            candidates=candidates,
            dropped=pd.concat([block.broken, dropped.astype("str")], ignore_index=True),
            exposures=len(rows) + len(block.broken),
        )

    def _metadata(self, rows: ReadRows, part: float) -> dict[str, NDArray[np.float64]]:
        """Return the columns of the survey's ``metadata``, NaN where they are missing."""
        values = dict(with_missing(rows.numbers, self.input.missing))
        if self.input.parts:
            values[GIVEN_PART] = np.full(len(rows), part)
        named = self.settings.metadata_paths.items()
        return {ours: first_known(values, self.input.first_known.get(theirs, (theirs,))) for ours, theirs in named}

    @property
    def _text_names(self) -> frozenset[str]:
        return frozenset(ours for ours, theirs in self.input.named.items() if theirs in self._wanted.texts)

    @property
    def _source_of_labels(self) -> str:
        return BY_TARGET if self.settings.has_target else BY_COLUMN if self.input.class_column else BY_RULE

    def _codes_of(self, rows: ReadRows) -> NDArray[np.int8]:
        codes = self._codes()
        if codes is None:
            raise InputError("the survey has no class_column")
        return codes.of(rows.texts[self.input.class_column])

    def _reasons(
        self,
        rows: ReadRows,
        cut: NDArray[np.object_],
        features: NDArray[np.float32],
        known: pd.DataFrame,
        overview: _Overview,
    ) -> NDArray[np.object_]:
        """Return why each row is dropped, ``(n,)``, empty where it stays."""
        reason = rows.reason.copy()
        wrong = impossible(known)
        for why in (wrong, cut, np.where(np.isfinite(features).any(axis=1), "", "no feature is known")):
            reason = np.where(reason == "", why, reason)
        suspects = np.flatnonzero(np.isin(id_hashes(known["candidate_id"].astype("str")), overview.suspects))
        for row in suspects.tolist():
            name = known["candidate_id"].iloc[row]
            if reason[row] == "" and name in overview.seen:
                reason[row] = "candidate_id twice"
            elif reason[row] == "":
                overview.seen.add(name)
        return reason


def _described(
    candidates: pd.DataFrame, features: NDArray[np.float32], label: NDArray[np.int8], source: str
) -> pd.DataFrame:
    """Return rows with flags, the share of missing features, and their labels."""
    missing = np.isnan(features)
    flags = np.where(missing.any(axis=1), int(Flag.MISSING_PIXELS), 0).astype(np.int32)
    return candidates.assign(
        edge_fraction=np.float32(0),
        nan_fraction=missing.mean(axis=1).astype(np.float32),
        flags=flags,
        label=label,
        label_source=pd.Series(np.where(label == UNLABELLED, "", source), candidates.index, dtype="str"),
    )


def _no_rows(wanted: WantedColumns) -> ReadRows:
    return ReadRows(
        texts={name: np.empty(0, object) for name in wanted.texts},
        numbers={name: np.empty(0) for name in wanted.numbers},
        reason=np.empty(0, object),
    )


def _stated(path: Path) -> Entry:
    if not path.is_file():
        raise MissingInputError(f"no table {path}")
    return {"size": path.stat().st_size, "sha256": file_digest(path)}


def _together(files: dict[str, Entry]) -> str:
    """Return one digest of several files, which is that of a single one."""
    digests = [str(stated["sha256"]) for stated in files.values()]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
