"""``nightsift nights``, ``status`` and ``refetch``: which nights there are, and whether their input changed."""

import sys

import luigi

import tasks  # noqa: F401  (sets luigi up)
from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.io.settings_files import data_folder
from pipeline.surveys.label_tables import changed_label_tables, changed_parts
from tasks.base import ALL_RELEASES
from tasks.fetch_cutouts import FetchCutouts
from tasks.freeze_inputs import FreezeInputs
from tasks.nights import listed_nights
from tasks.parameters import SurveyTask


class _Survey(SurveyTask):
    """A task that gives the verbs a survey's settings and adapter; it is never run."""


def listing(survey: str) -> int:
    """Print the nights that hold candidates, one per line; without any it is an error that says why."""
    task = _Survey(survey=survey)
    folder = task.survey_folder()
    if folder and not folder.is_dir():
        raise MissingInputError(f"survey {survey!r} is not made yet; run luigi --module tasks MakeSyntheticSurvey")
    adapter = task.adapter(folder)
    nights = adapter.nights()
    if not nights:
        faults = adapter.check()
        raise InputError(f"the survey {survey!r} holds no night: {faults[0] if faults else 'its source has no rows'}")
    sys.stdout.writelines(f"{night}\n" for night in nights)
    return 0


def status(survey: str) -> int:
    """Print for each frozen night whether its input is still what was frozen; return 1 if one cannot be compared."""
    home = data_folder() / known(survey) / ALL_RELEASES
    nights = sorted({path.parent.name for path in home.glob("*/FreezeInputs-*.json")})
    faults = 0
    for night in nights:
        try:
            sys.stdout.write(f"{night}  {_state(survey, night)}\n")
        except NightsiftError as error:
            faults += 1
            sys.stdout.write(f"{night}  cannot be compared: {' '.join(str(error).split())}\n")
    if not nights:
        sys.stdout.write(f"no night of {survey} has been frozen yet\n")
    return int(faults > 0)


def _state(survey: str, night: str) -> str:
    """Return in words whether a frozen night's input is still what was frozen."""
    frozen = FetchCutouts(survey=survey, night=night).frozen
    if not frozen.complete():
        return "settings changed since it was frozen"
    then = frozen.manifest()
    adapter = frozen.adapter(frozen.survey_folder())
    parts = changed_parts(adapter, then, adapter.freeze(night))
    option = " --labels" if parts == ["labels"] else ""
    word = f"input changed ({', '.join(parts)}); `nightsift refetch{option}`" if parts else "unchanged"
    return f"snapshot {frozen.snapshot} of {then.get('as_of', 'an unknown time')}: {word}"


def known(survey: str) -> str:
    """Return the name of a survey that has settings; another one is an error."""
    _ = _Survey(survey=survey).settings
    return survey


def asked(survey: str, nights: str) -> list[str]:
    """Return the nights of a list or range, as ISO dates, or ``all`` of a survey without nights."""
    settings = _Survey(survey=survey).settings
    return listed_nights(nights, settings.mjd_night_offset_days, has_nights=settings.has_nights)


def refetch(survey: str, night: str) -> int:
    """Freeze the night's input as the next snapshot; later runs use it, finished results stay."""
    fetch = FetchCutouts(survey=survey, night=night)
    latest = fetch.frozen
    following = FreezeInputs(
        survey=survey, night=fetch.night_name, snapshot=latest.snapshot + 1 if latest.complete() else latest.snapshot
    )
    build(following)
    sys.stdout.write(f"{night} of {survey} is frozen as snapshot {following.snapshot}\n")
    return 0


def relabel(survey: str, night: str) -> int:
    """Freeze the night's label tables again, and label its cutouts by them; rows and pixels stay as they are."""
    fetch = FetchCutouts(survey=survey, night=night)
    latest = fetch.frozen
    if not latest.complete() or not (fetch.complete() or fetch.formers()):
        raise MissingInputError(
            f"night {night} of {survey} has no cutouts with the present settings that could be labelled; "
            f"run luigi --module tasks FetchCutouts --survey {survey} --night {night}"
        )
    changed = changed_label_tables(fetch.adapter(fetch.survey_folder()), fetch.night_name, latest.manifest())
    if not changed and fetch.complete():
        sys.stdout.write(f"{night} of {survey}: no label table changed since snapshot {latest.snapshot}\n")
        return 0
    number = latest.snapshot + bool(changed)
    if changed:
        build(FreezeInputs(survey=survey, night=fetch.night_name, snapshot=number, labels=True))
    build(FetchCutouts(survey=survey, night=fetch.night_name, snapshot=number))
    by = ", ".join(changed) or "its settings and label files"
    sys.stdout.write(f"{night} of {survey} has new labels, by {by}, as snapshot {number}\n")
    return 0


def build(task: luigi.Task) -> None:
    """Build a task here and now, and raise when it fails, which luigi does not."""
    result = luigi.build([task], local_scheduler=True, detailed_summary=True, log_level="WARNING")
    if not result.scheduling_succeeded or result.status.name not in ("SUCCESS", "SUCCESS_WITH_RETRY"):
        raise NightsiftError(f"{task.task_family} failed; the lines above say why")
