"""``nightsift check``: every fault of a survey or recipe at once, within seconds."""

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.cleaning import parse_cleaning
from pipeline.errors import NightsiftError, UnknownNameError
from pipeline.io import settings_files
from pipeline.labels import parse_chain
from pipeline.night import expand_nights
from pipeline.recipes import DatasetRecipe, SimulationRecipe
from pipeline.redaction import redacted
from pipeline.surveys.base import Survey
from pipeline.surveys.fetch import label_tables
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

Check = Callable[..., list[str]]
_SEVERAL = re.compile(r"; (?=\w+/[^ ;]+\.yaml: )")
"""Between the faults of one file; each begins with the file's name."""

KINDS = ("surveys", "datasets", "classifiers", "simulations")


def check(name: str) -> int:
    """Print the faults of every settings file of this name; return 1 if there are any."""
    kinds = [kind for kind in KINDS if name in settings_files.names(kind)]
    if not kinds:
        known = {found for kind in KINDS for found in settings_files.names(kind)}
        raise UnknownNameError("survey or recipe", name, known)
    faults = {kind: faults_of(kind, name) for kind in kinds}
    for kind, found in faults.items():
        sys.stdout.write(f"{kind}/{name}.yaml: {_counted(found)}\n")
        sys.stdout.writelines(f"  {redacted(fault)}\n" for fault in found)
    return int(any(faults.values()))


def _counted(faults: list[str]) -> str:
    return {0: "no fault", 1: "1 fault"}.get(len(faults), f"{len(faults)} faults")


def faults_of(kind: str, name: str) -> list[str]:
    """Return every fault of one settings file and of what it names."""
    checks: Mapping[str, Check] = {
        "surveys": _survey, "datasets": _dataset, "classifiers": _classifier, "simulations": _simulation,
    }  # fmt: skip
    return list(dict.fromkeys(_found(checks[kind], name)))


def _found(check: Check, *arguments: Any) -> list[str]:
    """Return the faults that a check finds, or, where it cannot go on, why."""
    try:
        return list(check(*arguments))
    except NightsiftError as error:
        return _SEVERAL.split(str(error))


def _refused(read: Callable[..., object], *arguments: Any) -> list[str]:
    """Return the faults for which something is refused; none if it is read."""
    try:
        read(*arguments)
    except NightsiftError as error:
        return _SEVERAL.split(str(error))
    return []


def _survey(name: str) -> list[str]:
    settings = settings_files.load("surveys", name, SurveySettings)
    defaults = settings.defaults
    named = [("datasets", defaults.dataset), ("classifiers", defaults.classifier), ("classifiers", defaults.baseline)]
    if defaults.simulation != "none":
        named.append(("simulations", defaults.simulation))
    faults = _refused(parse_chain, settings.labels, f"surveys/{name}.yaml")
    faults += _refused(parse_cleaning, settings.cleaning, f"surveys/{name}.yaml")
    for kind, recipe in named:
        faults += _refused(settings_files.raw, kind, recipe)
    return faults + _found(_input, settings, name)


def _input(settings: SurveySettings, name: str) -> list[str]:
    survey = open_survey(settings, name)
    if settings.made:
        return []
    return _found(survey.check) or _found(_labels, survey, name)


def _labels(survey: Survey, name: str) -> list[str]:
    nights = survey.nights()
    if not nights:
        return ["the survey holds no night"]
    where, settings = f"surveys/{name}.yaml", survey.settings
    links = [*parse_chain(settings.labels, where), *parse_cleaning(settings.cleaning, where)]
    return _refused(label_tables, survey, links, nights[-1])


def _dataset(name: str) -> list[str]:
    recipe = settings_files.load("datasets", name, DatasetRecipe)
    faults = _refused(settings_files.load, "surveys", recipe.survey, SurveySettings)
    if recipe.simulation:
        faults += _found(_simulation, recipe.simulation)
    return faults + _refused(expand_nights, recipe.nights)


def _simulation(name: str) -> list[str]:
    from pipeline.artefacts import ARTEFACTS, read_settings

    recipe = settings_files.load("simulations", name, SimulationRecipe)
    if not recipe.stamps:
        return []
    mixture = [
        str(UnknownNameError("artefact", kind, ARTEFACTS)) for kind in recipe.stamps.mixture if kind not in ARTEFACTS
    ]
    return mixture + _refused(read_settings, recipe.stamps.artefacts, f"simulations/{name}.yaml: stamps.artefacts")


def _classifier(name: str) -> list[str]:
    from models.recipes import ClassifierRecipe

    return _refused(ClassifierRecipe.from_mapping, settings_files.raw("classifiers", name), f"classifiers/{name}.yaml")
