"""Nights that are read part by part: the process that takes a part reads it, and does what else is asked with it.

Tested by tests/pipeline/surveys/alerts/test_packet_parts.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable

from pipeline.io.executor import spread
from pipeline.io.results.night_manifest import Manifest
from pipeline.surveys.base import Batch
from pipeline.surveys.settings import SurveySettings

R = TypeVar("R")
Part = TypeVar("Part")


@runtime_checkable
class ReadsInParts(Protocol[Part]):
    """A survey of which the parts of a night can be read independently; it is sent whole to other processes."""

    settings: SurveySettings
    workers: int

    def parts(self, night: str, manifest: Manifest) -> Iterator[Part]:
        """Yield the parts of a night in order, each small; changed input is an error before the first."""

    def read_part(self, part: Part) -> list[Batch]:
        """Return the batches of a part in order; which process reads it changes nothing."""


def read_in_parts(survey: ReadsInParts[Part], night: str, manifest: Manifest) -> Iterator[Batch]:
    """Yield the batches of a night in order, read by as many processes as the survey has workers."""
    for batches in spread(survey.read_part, survey.parts(night, manifest), workers=survey.workers):
        yield from batches


def each_batch(
    survey: ReadsInParts[Part], night: str, manifest: Manifest, function: Callable[[Batch], R]
) -> Iterator[tuple[Batch, R]]:
    """Yield each batch of a night without its pixels, and the result of a function, which ran where the batch was read.

    Parameters
    ----------
    survey : ReadsInParts
        Its ``workers`` is the number of processes.
    night : str
        The night.
    manifest : mapping
        The night's input as it was frozen.
    function : callable
        Of a batch. It is sent to other processes, as its results are sent back: a function of a module, not a lambda.
    """
    work = partial(_read_and_done, survey, function)
    for done in spread(work, survey.parts(night, manifest), workers=survey.workers):
        yield from done


def _read_and_done(survey: ReadsInParts[Part], function: Callable[[Batch], R], part: Part) -> list[tuple[Batch, R]]:
    return [(replace(batch, cutouts=batch.cutouts[:0]), function(batch)) for batch in survey.read_part(part)]
