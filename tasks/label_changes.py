"""Label tables that were corrected after a night was frozen: every run says so, and how to take them in.

A finished result stays what it is, but you are told if somebody has corrected its labels since.

Tested by tests/integration/test_changed_input.py.
"""

import logging
from collections.abc import Iterator

import luigi

from pipeline.stages.changed_labels import changed_labels
from tasks.fetch_cutouts import FetchCutouts

log = logging.getLogger(__name__)

_SHOWN = 3
"""How many nights the line names."""
_told: set[str] = set()
"""Ids of the tasks that this process has looked at: each only once, however it is reached."""


@luigi.Task.event_handler(luigi.Event.DEPENDENCY_PRESENT)
def tell(task: luigi.Task) -> None:
    """Say in one line, for a task that is already complete, which label tables changed since they were frozen."""
    changed = {}
    for fetch in _fetches(task):
        names = changed_tables(fetch)
        if names:
            changed[f"{fetch.survey} {fetch.night_name}"] = names
    if changed:
        shown = [f"{night}: {', '.join(names)}" for night, names in sorted(changed.items())[:_SHOWN]]
        more = f" and {len(changed) - _SHOWN} more nights" if len(changed) > _SHOWN else ""
        log.warning(
            "label tables changed since the input was frozen (%s%s); results use the former labels. To use the new "
            "ones, run `nightsift refetch %s --labels` for each such night, which cuts nothing again, and run again",
            "; ".join(shown), more, min(changed),
        )  # fmt: skip


def _fetches(task: luigi.Task) -> Iterator[FetchCutouts]:
    """Yield the nights that a task needs and that were not looked at before."""
    if task.task_id in _told:
        return
    _told.add(task.task_id)
    if isinstance(task, FetchCutouts):
        if task.complete():
            yield task
        return
    for required in luigi.task.flatten(task.requires()):
        yield from _fetches(required)


def changed_tables(fetch: FetchCutouts) -> tuple[str, ...]:
    """Return the survey's own label tables that are no longer what a fetched night was labelled by.

    If you name an earlier snapshot than the latest, you ask for its labels: nothing is compared.
    """
    latest = FetchCutouts(survey=fetch.survey, night=fetch.night_name).frozen
    if fetch.frozen.snapshot != latest.snapshot or not fetch.is_labelled:
        return ()
    return changed_labels(fetch.frozen.output().path, fetch.night_name, lambda: fetch.adapter(fetch.survey_folder()))
