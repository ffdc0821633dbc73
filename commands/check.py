"""``nightsift check``: every fault of a survey or recipe at once, within seconds; of all nights on request.

Tested by tests/integration/test_check.py.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from models.recipes.stack_members import is_stack, member_faults, with_named_members
from pipeline.classes import CLASS_NAMES
from pipeline.errors import MissingInputError, SettingsError, UnknownNameError
from pipeline.faults import faults_of as gathered
from pipeline.faults import placed
from pipeline.features import unmeasurable
from pipeline.io import settings_files
from pipeline.labels import EPHEMERIS, ChainLink, examine_chain
from pipeline.labels.cleaning import CleaningStep, examine_cleaning
from pipeline.night import night_name_of, night_names
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.redaction import in_one_line
from pipeline.settings import examine
from pipeline.stages.closing import is_of_future, require_begun
from pipeline.stages.recipe_labels import label_faults
from pipeline.surveys.base import SURVEYS, Source, StatesFolder
from pipeline.surveys.defaults import NO_BASELINE, Defaults
from pipeline.surveys.night_checks import faults_of_labels, faults_of_night
from pipeline.surveys.settings import ClosedRule, SurveySettings

Check = Callable[..., list[str]]
_SEVERAL = re.compile(r"; (?=\w+/[^ ;]+\.yaml: )")
"""Between the faults of one file; each begins with the file's name."""

_TELLING: Final[Mapping[str, set[str]]] = {
    "surveys": {"source", "cutout_size_pixel", "telescope"},
    "datasets": {"survey", "nights"},
    "classifiers": {"classifier"},
    "regressors": {"regressor"},
    "simulations": {"images", "stamps"},
    "spaces": {"parameters"},
    "gates": {"worse_than_champion", "weak_strata", "least_real", "least_bogus"},
    "reports": {"plots", "guides", "histogram_bins", "scan_steps"},
}
"""Keys that only one kind of settings has."""

KINDS = ("surveys", "datasets", "classifiers", "regressors", "simulations", "spaces", "gates", "reports")

_STAND_INS: Final[Mapping[str, object]] = {
    "telescope": "",
    "longitude_deg": 0.0,
    "pixel_scale_arcsec": 1.0,
    "cutout_size_pixel": 1,
    "closed": ClosedRule(after_hours=0.0),
    "defaults": Defaults(dataset="", classifier="", baseline=NO_BASELINE),
}
"""Values for required keys that a survey lacks, so that one fault hides no other."""


def check(name: str, every_night: bool = False) -> int:
    """Print the faults of every settings file of this name, or of one file; return 1 if there are any.

    Parameters
    ----------
    name : str
        Of a file in one of the folders of `KINDS`; or the path of one, wherever it lies.
    every_night : bool
        Whether the images or stamps of all nights of a survey are read, not only those of the newest.
    """
    if name.endswith(".yaml") or "/" in name:
        path = Path(name)
        with settings_files.beside(kind_of(path), path):
            return _told({kind_of(path): faults_of(kind_of(path), path.stem, every_night)}, path.stem)
    kinds = [kind for kind in KINDS if name in settings_files.names(kind)]
    if not kinds:
        known = {found for kind in KINDS for found in settings_files.names(kind)}
        raise UnknownNameError("survey or recipe", name, known)
    return _told({kind: faults_of(kind, name, every_night) for kind in kinds}, name)


def kind_of(path: Path) -> str:
    """Return the kind of a settings file: the name of its folder, else what its keys are of."""
    if not path.is_file():
        raise MissingInputError(f"no file {path}; `nightsift check` takes the name or the path of a settings file")
    if path.parent.resolve().name in KINDS:
        return path.parent.resolve().name
    keys = set(settings_files.content_of(path))
    kinds = [kind for kind, key in _TELLING.items() if key & keys]
    if len(kinds) != 1:
        raise SettingsError(
            f"the keys of {path} do not tell its kind; put it into a folder of one of the names {', '.join(KINDS)}"
        )
    return kinds[0]


def _told(faults: Mapping[str, list[str]], name: str) -> int:
    for kind, found in faults.items():
        sys.stdout.write(f"{kind}/{name}.yaml: {_counted(found)}\n")
        sys.stdout.writelines(f"  {in_one_line(fault)}\n" for fault in found)
    return int(any(faults.values()))


def _counted(faults: list[str]) -> str:
    return {0: "no fault", 1: "1 fault"}.get(len(faults), f"{len(faults)} faults")


def faults_of(kind: str, name: str, every_night: bool = False) -> list[str]:
    """Return every fault of one settings file and of what it names."""
    checks: Mapping[str, Check] = {
        "surveys": partial(_survey, every_night=every_night),
        "datasets": _dataset, "classifiers": _classifier, "regressors": _regressor, "simulations": _simulation,
        "spaces": _space, "gates": _gate, "reports": _report,
    }  # fmt: skip
    return list(dict.fromkeys(_found(checks[kind], name)))


def _found(look: Callable[..., object], *arguments: object) -> list[str]:
    """Return the faults that a check returns or raises, each by itself."""
    return [part for fault in gathered([partial(look, *arguments)]) for part in _SEVERAL.split(fault)]


def _refused(read: Callable[..., object], *arguments: object) -> list[str]:
    """Return the faults for which something is refused; whatever it returns is dropped, even if it is a list."""

    def look() -> None:
        read(*arguments)

    return _found(look)


def _survey(name: str, *, every_night: bool) -> list[str]:
    where = f"surveys/{name}.yaml"
    settings, faults = settings_files.examined("surveys", name, SurveySettings, _STAND_INS)
    if settings is None:
        return [*faults, *_raw_input(settings_files.raw("surveys", name), where)]
    chain, of_chain = examine_chain(settings.labels, where, settings.class_names)
    cleaning, of_cleaning = examine_cleaning(settings.cleaning, where)
    links: list[ChainLink | CleaningStep] = [*chain, *cleaning]
    faults += [*of_chain, *of_cleaning, *_defaults(settings, name)]
    names = {reference.name for link in links for reference in link.reads.values()}
    if EPHEMERIS in names and settings.ephemeris is None:
        faults.append(f"{where}: states no `ephemeris`, and its labels or cleaning ask for one")
    return faults + _found(_input, settings, name, links, every_night)


def _raw_input(content: Mapping[str, object], where: str) -> list[str]:
    """Return the faults of an ``input`` whose survey cannot be opened."""
    source = content.get("source")
    if source not in SURVEYS or "input" not in content:
        return []
    return examine(SURVEYS.metadata(str(source))["settings"], content["input"], f"{where}: input")[1]


def _defaults(settings: SurveySettings, name: str) -> list[str]:
    """Return the faults of the recipes that a survey takes where a command names none."""
    defaults, faults = settings.defaults, []
    if defaults.night:
        faults += _refused(_night, settings, defaults.night)
    named: list[tuple[Check, str]] = [(_dataset, defaults.dataset)]
    classifiers = [name for name in (settings.classifier, settings.baseline) if name not in ("", NO_BASELINE)]
    named += [(_regressor if settings.has_target else _classifier, classifier) for classifier in classifiers]
    named += [(_classifier, defaults.rules)] if defaults.rules != NO_BASELINE else []
    named += [(_simulation, defaults.simulation)] if defaults.simulation != "none" else []
    for look, recipe in named:
        faults += _found(look, recipe) if recipe else []
    faults += [told for classifier in classifiers for told in _unmeasured(settings, classifier, name)]
    if defaults.dataset in settings_files.names("datasets") and _states_dataset(name):
        of = settings_files.raw("datasets", defaults.dataset).get("survey")
        if of != name:
            faults.append(f"surveys/{name}.yaml: defaults: datasets/{defaults.dataset}.yaml is of survey {of!r}, "
                          f"not {name!r}")  # fmt: skip
    return faults


def _night(settings: SurveySettings, night: str) -> str:
    return night_name_of(night, settings.mjd_night_offset_days, has_nights=settings.has_nights)


def _unmeasured(settings: SurveySettings, classifier: str, name: str) -> list[str]:
    """Return that a classifier on features knows none of a survey's channels; empty of all others."""
    from models.recipes.classifier import ClassifierRecipe
    from models.registry import FEATURES

    if settings.has_target or classifier not in settings_files.names("classifiers"):
        return []
    if is_stack(settings_files.raw("classifiers", classifier)):
        return []
    recipe, _ = settings_files.examined("classifiers", classifier, ClassifierRecipe)
    if recipe is None or recipe.family != FEATURES or not (why := unmeasurable(recipe.channels or settings.channels)):
        return []
    return [f"surveys/{name}.yaml: defaults: classifier {classifier!r}: {why}; allowed: a network, or baseline: none"]


def _states_dataset(name: str) -> bool:
    """Tell whether a survey names its data set itself: an inherited one is needed only for training."""
    own = settings_files.own("surveys", name)
    return "extends" not in own or bool((own.get("defaults") or {}).get("dataset"))


def _input(
    settings: SurveySettings, name: str, links: Sequence[ChainLink | CleaningStep], every_night: bool
) -> list[str]:
    read, faults = examine(SURVEYS.metadata(settings.source)["settings"], settings.input, f"surveys/{name}.yaml: input")
    if read is None:
        return faults
    opened: list[Source[StatesFolder]] = []
    faults += _refused(lambda: opened.append(SURVEYS[settings.source](settings, read, None)))
    if settings.made or not opened:
        return faults
    if settings.input.get("columns") and not getattr(read, "columns", True):
        return faults  # refused as they are; what the tables lack without them is no news
    faults += _found(opened[0].check)
    if any("does not answer" in fault for fault in faults):
        return faults
    nights: list[str] = []
    faults += _refused(lambda: nights.extend(opened[0].nights()))
    if not nights and not faults:
        return ["the survey holds no night"]
    nights, ahead = _begun(nights, settings)
    faults += [f"night {night} lies in the future; is a time or date of its rows mistyped?" for night in ahead]
    of_nights: dict[str, list[str]] = {}
    for night in nights if every_night else nights[-1:]:
        if settings.closed.after_hours is None:
            faults += _refused(opened[0].closed, night)
        faults += _found(faults_of_labels, opened[0], links, night)
        of_nights[night] = faults_of_night(opened[0], night) if every_night else []
    return with_nights(faults, of_nights)


def with_nights(faults: Sequence[str], of_nights: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the faults of a survey and of its nights, each once; one of a single night is told with that night.

    A fault of the survey is left out if another says it with more words before it: which night or candidate it is of.

    Examples
    --------
    >>> with_nights(["no column 'a'"], {"2026-01-05": ["no column 'a'", "no file b"], "2026-01-06": ["no column 'a'"]})
    ["no column 'a'", 'night 2026-01-05: no file b']
    >>> with_nights(["1.avro: it is truncated"], {"2026-01-05": ["c1: 1.avro: it is truncated"]})
    ['night 2026-01-05: c1: 1.avro: it is truncated']
    """
    times = Counter(said for found in of_nights.values() for said in found)
    of_survey = [said for said in dict.fromkeys([*faults, *times]) if times[said] != 1]
    each = ((f"night {night}", [said for said in found if times[said] == 1]) for night, found in of_nights.items())
    told = [*of_survey, *(said for where, found in each for said in placed(where, found))]
    again = {said for said in faults if any(other.endswith(f" {said}") for other in told)}
    return [said for said in told if said not in again]


def _begun(nights: Sequence[str], settings: SurveySettings) -> tuple[list[str], list[str]]:
    """Return the nights that have begun, and the others if only the clock closes nights."""
    by_clock = settings.closed.after_hours is not None
    ahead = [night for night in nights if by_clock and is_of_future(settings, night)]
    return [night for night in nights if night not in ahead], ahead


def _dataset(name: str) -> list[str]:
    recipe, faults = settings_files.examined("datasets", name, DatasetRecipe, {"nights": ("2000-01-01",), "survey": ""})
    if recipe is None:
        return faults
    of_survey: list[SurveySettings] = []
    if recipe.survey:
        faults += _refused(lambda: of_survey.append(settings_files.load("surveys", recipe.survey, SurveySettings)))
    nights: list[str] = []
    has_nights = all(survey.has_nights for survey in of_survey)
    faults += _refused(lambda: nights.extend(night_names(recipe.nights, has_nights=has_nights)))
    where = f"datasets/{name}.yaml: nights"
    faults += [told for survey in of_survey for told in _found(require_begun, survey, nights, where)]
    names = of_survey[0].class_names if of_survey else CLASS_NAMES
    faults += label_faults(recipe, names)
    faults += [f"datasets/{name}.yaml: {fault}" for fault in recipe.class_faults(names)]
    return faults + (_joined(recipe) if recipe.simulation else [])


def _joined(recipe: DatasetRecipe) -> list[str]:
    """Return the faults of the simulation of a data set, and of the two together."""
    faults = _found(_simulation, recipe.simulation)
    if faults or recipe.survey not in settings_files.names("surveys"):
        return faults
    simulation = settings_files.load("simulations", recipe.simulation, SimulationRecipe)
    source = settings_files.raw("surveys", recipe.survey).get("source")
    if simulation.images and source in SURVEYS and not SURVEYS[str(source)].has_images:
        return [f"survey {recipe.survey!r} has no images: choose a simulation recipe with 'stamps'"]
    return []


def _simulation(name: str) -> list[str]:
    from pipeline.triplets.artefacts import ARTEFACTS, read_settings

    recipe, faults = settings_files.examined("simulations", name, SimulationRecipe)
    if recipe is None or not recipe.stamps:
        return faults
    faults += [
        str(UnknownNameError("artefact", kind, ARTEFACTS)) for kind in recipe.stamps.mixture if kind not in ARTEFACTS
    ]
    return faults + _found(read_settings, recipe.stamps.artefacts, f"simulations/{name}.yaml: stamps.artefacts")


def _classifier(name: str) -> list[str]:
    if is_stack(settings_files.raw("classifiers", name)):
        return _stack(name)
    from models.recipes.classifier import ClassifierRecipe

    return settings_files.examined("classifiers", name, ClassifierRecipe)[1]


def _regressor(name: str) -> list[str]:
    from models.recipes.regressor import RegressorRecipe

    return settings_files.examined("regressors", name, RegressorRecipe)[1]


def _stack(name: str) -> list[str]:
    """Return the faults of a stack's recipe, and of the recipes that it names."""
    from models.recipes.stack import StackRecipe

    where, content = f"classifiers/{name}.yaml", with_named_members(settings_files.raw("classifiers", name))
    recipe, faults = examine(StackRecipe, content, where)
    if recipe is None:
        return faults
    of_members = member_faults(recipe)
    if of_members:
        return [*faults, *(f"{where}: {fault}" for fault in of_members)]
    return [*faults, *(fault for member in recipe.members for fault in _found(_classifier, member.classifier))]


def _gate(name: str) -> list[str]:
    from pipeline.report.binary.gate_rules import GateRules

    return settings_files.examined("gates", name, GateRules)[1]


def _report(name: str) -> list[str]:
    from pipeline.recipes.report import ReportRecipe
    from pipeline.report.kinds import faults_of_plots

    recipe, faults = settings_files.examined("reports", name, ReportRecipe)
    return [*faults, *(f"reports/{name}.yaml: {fault}" for fault in faults_of_plots(recipe.plots if recipe else ()))]


def _space(name: str) -> list[str]:
    from models.recipes.search_spaces import SearchSpace

    return settings_files.examined("spaces", name, SearchSpace)[1]
