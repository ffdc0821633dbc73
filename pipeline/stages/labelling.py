"""Labels and cleaning of a night, batch by batch, with the checks that need the whole night."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, UNLABELLED
from pipeline.errors import InputError
from pipeline.ids.unmatched import warn_unmatched
from pipeline.labels import ChainLink, Labelling, label_candidates, settle
from pipeline.labels.chain import Rule
from pipeline.labels.cleaning import CleaningStep, clean
from pipeline.labels.joined_table import JoinedTable
from pipeline.labels.lists import ListLabels
from pipeline.labels.references import DETECTION
from pipeline.surveys.base import Batch, dropped_rows

log = logging.getLogger(__name__)


class Labeller:
    """Labels and cleans the batches of one night and counts what it did.

    Parameters
    ----------
    night : str
        The night, for messages.
    chain, cleaning : sequence
        The label providers, the strongest first, and the cleaning filters, in order.
    tables : mapping
        The tables that they read, by the key of each `pipeline.labels.Reference`.
    conflicts : str
        What becomes of rows on which providers disagree: ``stronger``, ``drop`` or ``error``.
    places : mapping, optional
        Where each table lies, for messages; a table without an entry is named by its key.
    class_names : sequence of str
        The survey's classes, by which rows are counted.
    stated : bool
        Whether the rows come with labels, which hold where the chain says nothing.
    """

    def __init__(
        self,
        night: str,
        chain: Sequence[ChainLink],
        cleaning: Sequence[CleaningStep],
        tables: Mapping[str, pd.DataFrame],
        conflicts: Rule,
        places: Mapping[str, str] = MappingProxyType({}),
        class_names: Sequence[str] = CLASS_NAMES,
        *,
        stated: bool = False,
    ) -> None:
        self._class_names, self._stated = class_names, stated
        self._night, self._chain, self._cleaning = night, chain, cleaning
        self._tables, self._conflicts = tables, conflicts
        self._joined = _joined(tables, [*chain, *cleaning])
        self._checked = False
        self._unseen = {link.reads["list"].key: _ids_of(tables, link) for link in chain if _must_be_known(link)}
        self._unmatched = self._joined.keys() - self._unseen.keys()
        self._by_exposure = _by_exposure(tables, [*chain, *cleaning])
        self._places, self._any_candidate = places, False
        self._exposures: set[str] = set()
        self._split: set[str] = set()
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of rows: by label and source, with disagreeing labels, and dropped by each filter."""
        return dict(sorted(self._counts.items()))

    def label(self, batch: Batch) -> Batch:
        """Return the batch with labels, without the rows that disagreement or cleaning drops, which are listed."""
        self._see(batch)
        if not len(batch.candidates):
            return batch
        tables = self._tables_for(batch.candidates)
        labelling = label_candidates(batch.candidates, self._chain, tables, stated=self._stated)
        self._counts["conflicts"] += labelling.conflicts["candidate_id"].nunique()
        stays = settle(labelling, self._conflicts)
        cleaned = clean(labelling.candidates, self._cleaning, tables)
        for name, rows in cleaned.items():
            self._counts[f"clean: {name}"] += int((rows & stays).sum())
        lists = [batch.dropped, _conflicting(labelling, stays), *_cleaned(labelling.candidates, cleaned, stays)]
        keep = stays & ~np.any([np.zeros(len(stays), bool), *cleaned.values()], axis=0)
        rows = labelling.candidates[keep].reset_index(drop=True)
        self._count(rows)
        return replace(
            batch,
            cutouts=batch.cutouts if keep.all() else batch.cutouts[keep],
            candidates=rows,
            dropped=pd.concat(lists, ignore_index=True),
        )

    def _tables_for(self, candidates: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
        """Return the tables that the chain reads for a batch; with the first batch, every row of them is checked."""
        matched = {key: table.rows_of(candidates["candidate_id"]) for key, table in self._joined.items()}
        self._unmatched -= {key for key, rows in matched.items() if len(rows)}
        tables = {**self._tables, **matched}
        if not self._checked:
            self._checked = True
            for key, table in self._joined.items():
                for piece in table.pieces():
                    label_candidates(candidates.iloc[:1], self._chain, {**tables, key: piece})
        return tables

    def finish(self) -> None:
        """Log the counts of the night, and check its label files.

        Raises
        ------
        InputError
            If a label file names candidates that the night does not have.
        """
        if self._split:
            log.warning(
                "night %s: %d exposures came in several parts; rules that count per exposure saw each part separately",
                self._night, len(self._split),
            )  # fmt: skip
        log.info("night %s: %s", self._night, ", ".join(f"{name} {n}" for name, n in self.counts.items()) or "no rows")
        self._warn_of_tables_that_match_nothing()
        for key, unseen in self._unseen.items():
            if unseen:
                name = min(unseen, key=lambda one: unseen[one])
                raise InputError(
                    f"{key.split('?')[0]}: row {unseen[name]}: candidate_id {name!r} is not a candidate of the night "
                    f"{self._night} ({len(unseen)} such rows); if the file holds other nights too, set "
                    "`unknown_ids: ignore`, or keep one file per night with `{night}` in its name"
                )

    def _warn_of_tables_that_match_nothing(self) -> None:
        """Warn of tables that have rows, but none for a candidate or an exposure of the night."""
        strangers = {key: "a candidate" for key in self._unmatched if self._any_candidate}
        if self._exposures:
            for key in self._by_exposure:
                if self._exposures.isdisjoint(self._tables[key]["exposure_id"].astype(str)):
                    strangers[key] = "an exposure with candidates"
        for key, whose in sorted(strangers.items()):
            if len(self._tables[key]):
                where = self._places.get(key, key.split("?")[0])
                warn_unmatched(log, f"night {self._night}: {where}", len(self._tables[key]), f"{whose} of the night")

    def _see(self, batch: Batch) -> None:
        for table in (batch.candidates, batch.dropped):
            if "candidate_id" in table:
                for unseen in self._unseen.values():
                    for name in unseen.keys() & set(table["candidate_id"]):
                        del unseen[name]
        if len(batch.dropped):
            gone = batch.dropped["candidate_id"]
            self._unmatched -= {key for key in self._unmatched if len(self._joined[key].rows_of(gone))}
        self._any_candidate |= bool(len(batch.candidates))
        if "exposure_id" in batch.candidates and (self._chain or self._cleaning):
            here = set(batch.candidates["exposure_id"]) - {""}  # which rows of a table have
            self._split |= here & self._exposures
            self._exposures |= here

    def _count(self, rows: pd.DataFrame) -> None:
        for label, name in (*enumerate(self._class_names), (UNLABELLED, "unlabelled")):
            sources = rows.loc[rows["label"] == label, "label_source"]
            for source, number in sources.value_counts().items():
                self._counts[f"{name} by {source}" if source else name] += int(number)


def _joined(tables: Mapping[str, pd.DataFrame], links: Sequence[ChainLink | CleaningStep]) -> dict[str, JoinedTable]:
    """Return the tables that every reader looks up by one and the same column of ids."""
    columns: dict[str, set[str]] = {}
    for link in links:
        for reference in link.reads.values():
            columns.setdefault(reference.key, set()).add(reference.joined_by)
    return {
        key: JoinedTable(tables[key], *by)
        for key, by in columns.items()
        if len(by) == 1 and key in tables and by <= set(tables[key])
    }


def _must_be_known(link: ChainLink) -> bool:
    """Tell whether every id of a provider's label file has to be one of the night's candidates."""
    settings: object = link.settings
    if not isinstance(settings, ListLabels) or settings.of != DETECTION:
        return False
    return bool(settings.file) and settings.unknown_ids == "error"


def _by_exposure(tables: Mapping[str, pd.DataFrame], links: Sequence[ChainLink | CleaningStep]) -> set[str]:
    """Return the keys of the tables whose rows are looked up by exposure."""
    references = [reference for link in links for reference in link.reads.values() if not reference.joined_by]
    return {each.key for each in references if each.key in tables and "exposure_id" in tables[each.key]}


def _ids_of(tables: Mapping[str, pd.DataFrame], link: ChainLink) -> dict[str, int]:
    """Return the row of each id that a label file names."""
    table = tables[link.reads["list"].key]
    return dict(zip(table["candidate_id"], table["row"].astype(int), strict=True))


def _conflicting(labelling: Labelling, stays: NDArray[np.bool_]) -> pd.DataFrame:
    """Return the rows that are dropped because providers disagree, each with its first disagreement."""
    gone = labelling.candidates["candidate_id"][~stays]
    reasons = labelling.conflicts.drop_duplicates("candidate_id").set_index("candidate_id")["reason"]
    return dropped_rows(gone, "label", "").assign(reason=reasons.reindex(gone).to_numpy(object))


def _cleaned(
    candidates: pd.DataFrame, cleaned: Mapping[str, NDArray[np.bool_]], stays: NDArray[np.bool_]
) -> list[pd.DataFrame]:
    return [dropped_rows(candidates["candidate_id"][rows & stays], "clean", name) for name, rows in cleaned.items()]
