"""Nights that are read part by part: whichever process takes a part reads it, and what else is done with it.

Tested by tests/pipeline/surveys/alerts/test_packet_parts.py.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar, runtime_checkable

from pipeline.io.executor import spread
from pipeline.surveys.base import Batch
from pipeline.surveys.settings import SurveySettings

R = TypeVar("R")


@runtime_checkable
class ReadsInParts(Protocol):
    """A survey of which parts of a night can be read apart from each other; it goes to other processes whole."""

    settings: SurveySettings
    workers: int

    def parts(self, night: str, manifest: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the parts of a night in order, each small; what is no longer as frozen is an error before the first."""

    def read_part(self, part: Any) -> list[Batch]:
        """Return the batches of a part in order; which process reads it changes nothing."""


def read_in_parts(survey: ReadsInParts, night: str, manifest: Mapping[str, Any]) -> Iterator[Batch]:
    """Yield the batches of a night in order, read by as many processes as the survey has workers."""
    for batches in spread(survey.read_part, survey.parts(night, manifest), workers=survey.workers):
        yield from batches


def each_batch(
    survey: ReadsInParts, night: str, manifest: Mapping[str, Any], function: Callable[[Batch], R]
) -> Iterator[tuple[Batch, R]]:
    """Yield each batch of a night without its pixels, and what a function made of it where it was read.

    Parameters
    ----------
    survey : ReadsInParts
        Its ``workers`` is the number of processes.
    night : str
        The night.
    manifest : mapping
        The night's input as it was frozen.
    function : callable
        Of a batch; of a module, as its arguments and results it goes between processes.
    """
    work = partial(_read_and_done, survey, function)
    for done in spread(work, survey.parts(night, manifest), workers=survey.workers):
        yield from done


def _read_and_done(survey: ReadsInParts, function: Callable[[Batch], R], part: Any) -> list[tuple[Batch, R]]:
    return [(replace(batch, cutouts=batch.cutouts[:0]), function(batch)) for batch in survey.read_part(part)]
