"""What is wrong with the nights of a survey: its images or cutouts, and the tables that its labels read.

Tested by tests/integration/test_check.py.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd

from pipeline.classes import UNLABELLED
from pipeline.faults import faults_of
from pipeline.io.results.schema import CANDIDATE_COLUMNS, TEXT
from pipeline.labels import EPHEMERIS, ChainLink, Reference, label_candidates
from pipeline.labels.cleaning import CleaningStep, clean
from pipeline.surveys.base import AnySource
from pipeline.surveys.label_tables import read_reference

_SHOWN = 20
"""Rows of a night that cannot be read, of which each is named; the others are counted."""


@runtime_checkable
class ChecksNights(Protocol):
    """A survey that looks through the files of a night without cutting anything."""

    def check_night(self, night: str) -> list[str]:
        """Return every fault of the files of a night."""


def faults_of_night(survey: AnySource, night: str) -> list[str]:
    """Return what is wrong with the images of a night, or, in a survey without, with its cutouts: all are read."""
    if isinstance(survey, ChecksNights):
        return faults_of([partial(survey.check_night, night)])
    return faults_of([lambda: list(_unreadable(survey, night))])


def _unreadable(survey: AnySource, night: str) -> Iterator[str]:
    """Yield what is wrong with the rows of a night that cannot be read."""
    faults = (
        f"{row.candidate_id}: {row.reason}" if row.candidate_id else str(row.reason)
        for batch in survey.read(night, survey.freeze(night))
        for row in batch.dropped.itertuples()
        if row.step == "read"
    )
    yield from islice(faults, _SHOWN)
    more = sum(1 for _ in faults)
    if more:
        yield f"{more} more cannot be read"


def faults_of_labels(survey: AnySource, links: Sequence[ChainLink | CleaningStep], night: str) -> list[str]:
    """Return what is wrong with the tables and files that labels and cleaning read of a night, and with their words.

    Each link looks at every row of what it reads; the ephemeris that a task makes is not there yet.
    """
    tables: dict[str, pd.DataFrame] = {}

    def read(reference: Reference) -> None:
        tables[reference.key] = read_reference(survey, reference, night)

    references = {reference.key: reference for link in links for reference in link.reads.values()}
    faults = faults_of(partial(read, each) for each in references.values() if each.name != EPHEMERIS)
    able = [link for link in links if all(reference.key in tables for reference in link.reads.values())]
    return [*faults, *faults_of(partial(_try, link, tables) for link in able)]


def _try(link: ChainLink | CleaningStep, tables: dict[str, pd.DataFrame]) -> None:
    """Let a link look at a blank candidate, for which it needs all of its tables."""
    columns = {
        name: pd.Series([""], dtype="str") if kind == TEXT else pd.Series([0.0]).astype(kind)
        for name, kind in CANDIDATE_COLUMNS.items()
    }
    blank = pd.DataFrame(columns).assign(label=np.int8(UNLABELLED))
    if isinstance(link, CleaningStep):
        clean(blank, [link], tables)
    else:
        label_candidates(blank, [link], tables)
