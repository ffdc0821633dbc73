"""What is wrong with a classifier recipe whose keys have the right types, one text a fault.

Tested by tests/models/recipes/test_classifier.py.
"""

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import models.architectures  # noqa: F401  (enters the classifiers)
from models.architectures.dense_head import head_faults
from models.architectures.feature_models import BOOSTING_SETTINGS, TREES_SETTINGS
from models.inputs.table_recipe import TableRecipe
from models.recipes.class_merits import CLASS_MERITS, MACRO_F1
from models.recipes.losses import LOSSES
from models.recipes.schedules import SCHEDULES
from models.recipes.symmetries import NUMBERS
from models.recipes.threshold_settings import prevalence_faults, rule_faults, unknown
from models.recipes.user_module import MODULE
from models.registry import CLASSIFIERS, FEATURES, NETWORK, TABLE
from pipeline.cutouts.augment import AUGMENTATIONS
from pipeline.cutouts.normalise import NORMALISATIONS
from pipeline.cutouts.planes import PLANES
from pipeline.metrics import METRICS
from pipeline.recipes.learned_fold import MOST_LEARNED_FOLDS
from pipeline.registry import Registry

if TYPE_CHECKING:
    from models.recipes.classifier import ClassifierRecipe

_LEAST: Final = {
    "batch_size": 1,
    "epochs": 1,
    "early_stopping_patience": 0,
    "plateau_patience": 1,
    "plateau_cooldown": 0,
    "plateau_minimum": 0,
    "least_improvement": 0,
    "warm_up_epochs": 0,
    "weight_decay": 0,
    "posterior_samples": 0,
    "threads": 1,
}
"""The smallest value of each key that has one."""

_LARGEST_SIDE: Final = 1024
_LARGEST_MIXUP: Final = 10

_RANGES: Final = {int: "a whole number, at least 1", float: "a number above 0, at most 1"}


def recipe_faults(recipe: "ClassifierRecipe") -> list[str]:
    """Return every fault of a recipe.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Each key of the right type.
    """
    return [
        *_name_faults(recipe),
        *_number_faults(recipe),
        *_family_faults(recipe),
        *_outlier_faults(recipe),
        *rule_faults(recipe.threshold_rule, recipe.threshold_parameter),
        *prevalence_faults(recipe.calibration, recipe.calibrated_to, recipe.conformal),
        *_monitor_faults(recipe),
    ]


def _name_faults(recipe: "ClassifierRecipe") -> list[str]:
    own_normalisation = recipe.normalisation == MODULE and bool(recipe.module)
    named: list[tuple[Registry[Any], list[str]]] = [
        (CLASSIFIERS, [recipe.classifier]),
        (NORMALISATIONS, [] if own_normalisation else [recipe.normalisation]),
        (AUGMENTATIONS, list(recipe.augment)),
        (METRICS, [] if recipe.module else [name for name in recipe.metrics if name not in CLASS_MERITS]),
        (LOSSES, [recipe.loss]),
        (SCHEDULES, [recipe.learning_rate_schedule]),
    ]
    return [unknown(registry, name) for registry, names in named for name in names if name not in registry]


def _number_faults(recipe: "ClassifierRecipe") -> list[str]:
    faults = [
        f"{name!r} is {getattr(recipe, name)}; allowed: at least {least}"
        for name, least in _LEAST.items()
        if not getattr(recipe, name) >= least
    ]
    folds = recipe.calibration_folds
    if folds != 0 and not 2 <= folds <= MOST_LEARNED_FOLDS:
        faults.append(f"'calibration_folds' is {folds}; allowed: 2 to {MOST_LEARNED_FOLDS}, or 0 for none")
    if folds and recipe.scoring_precision != "float32":
        faults.append(f"'calibration_folds' is {folds}; folds compute in float32: allowed with another precision: 0")
    if recipe.symmetries not in NUMBERS:
        faults.append(f"'symmetries' is {recipe.symmetries}; allowed: {', '.join(map(str, NUMBERS))}")
    if not recipe.learning_rate > 0:
        faults.append(f"'learning_rate' is {recipe.learning_rate}; allowed: above 0")
    if not 0 < recipe.plateau_factor < 1:
        faults.append(f"'plateau_factor' is {recipe.plateau_factor}; allowed: above 0 and below 1")
    faults.extend(
        f"{name!r} is {getattr(recipe, name)}; allowed: 0 to below 1"
        for name in ("label_smoothing", "momentum")
        if not 0 <= getattr(recipe, name) < 1
    )
    if not 0 <= recipe.mixup <= _LARGEST_MIXUP:
        faults.append(f"'mixup' is {recipe.mixup}; allowed: 0 to {_LARGEST_MIXUP}")
    if recipe.mixup and recipe.metadata is not None:
        faults.append(f"'mixup' is {recipe.mixup}; metadata are not mixed: allowed with 'metadata': 0")
    faults.extend(
        f"'label_source_weight.{source}' is {weight}; allowed: at least 0"
        for source, weight in recipe.label_source_weight.items()
        if not weight >= 0
    )
    return faults


def _family_faults(recipe: "ClassifierRecipe") -> list[str]:
    name = recipe.classifier
    if name not in CLASSIFIERS:
        return []
    faults = []
    smallest = CLASSIFIERS.metadata(name)["minimum_size_pixel"]
    key = "size_pixel" if recipe.resize_pixel is None else "resize_pixel"
    side = getattr(recipe, key)
    if side is not None and not smallest <= side <= _LARGEST_SIDE:
        faults.append(f"{key!r} is {side}; {name} needs at least {smallest}, and at most {_LARGEST_SIDE} are allowed")
    if recipe.scoring_precision != "float32":
        faults.extend(_precision_faults(recipe))
    faults.extend(_settings_faults(recipe))
    if recipe.family == NETWORK and recipe.table is None:
        faults += [
            f"'channels' names {plane!r}, a plane of variance or PSF; {name} takes images alone"
            for plane in recipe.channels or ()
            if plane in PLANES
        ]
    if recipe.family != NETWORK:
        faults.extend(_features_faults(recipe))
    faults.extend(_metadata_faults(recipe))
    if recipe.table is not None:
        faults.extend(_table_faults(recipe, recipe.table))
    if recipe.co_teaching is not None and recipe.mixup:
        faults.append(f"'mixup' is {recipe.mixup}; mixed rows are of no class: allowed with 'co_teaching': 0")
    if recipe.co_teaching is not None and CLASSIFIERS.metadata(name).get("learns_nothing"):
        faults.append(f"'co_teaching' is set; {name} learns nothing: none")
    if recipe.sampling is not None and not recipe.sampling.is_random:
        faults.extend(_drawing_faults(recipe, recipe.sampling.method))
    return faults


def _outlier_faults(recipe: "ClassifierRecipe") -> list[str]:
    """Return why a package cannot measure distances to its training rows."""
    if recipe.outliers is None:
        return []
    faults = []
    if recipe.scoring_precision != "float32":
        faults.append(f"'outliers' is set; distances are taken in float32, not in {recipe.scoring_precision}: none")
    if recipe.outliers.reasons and recipe.classifier in CLASSIFIERS and recipe.family != NETWORK:
        faults.append(f"'outliers.reasons' is set; {recipe.classifier} gives reasons by what it takes: false")
    if recipe.outliers.reasons and recipe.table is not None:
        faults.append("'outliers.reasons' is set; networks of tables give reasons by what they take: false")
    return faults


def _precision_faults(recipe: "ClassifierRecipe") -> list[str]:
    """Return why a package cannot compute in less than float32."""
    stated = f"'scoring_precision' is {recipe.scoring_precision!r}"
    faults = [] if recipe.family == NETWORK else [f"{stated}; {recipe.classifier} is no network: float32"]
    if recipe.posterior_samples:
        faults.append(f"{stated}; dropout samples compute in float32: allowed with 'posterior_samples': float32")
    return faults


def _metadata_faults(recipe: "ClassifierRecipe") -> list[str]:
    """Return why a classifier takes no columns of the candidates beside what it measures."""
    name = recipe.classifier
    if recipe.metadata is None:
        return []
    if recipe.family == TABLE:
        return [f"'metadata' is set; {name} takes the features of a table alone: none"]
    if CLASSIFIERS.metadata(name).get("learns_nothing"):
        return [f"'metadata' is set; {name} learns nothing and takes none: none"]
    return []


def _drawing_faults(recipe: "ClassifierRecipe", method: str) -> list[str]:
    """Return why rows cannot be drawn by imbalanced-learn."""
    if recipe.family == FEATURES:
        return [f"'sampling.method' is {method!r}; {recipe.classifier} takes cutouts: random_over, random_under"]
    return [f"'metadata' is set; 'sampling.method' {method!r} draws features alone: none"] if recipe.metadata else []


def _table_faults(recipe: "ClassifierRecipe", table: TableRecipe) -> list[str]:
    """Return which keys contradict the key ``table``, which takes the place of a normalisation."""
    if recipe.family == FEATURES:
        return [f"'table' is set; {recipe.classifier} measures features of cutouts: none"]
    if CLASSIFIERS.metadata(recipe.classifier).get("scale_free") and table.scaling != "none":
        return [f"'table.scaling' is {table.scaling!r}; {recipe.classifier} asks for no scale: none"]
    allowed: dict[str, object] = {"normalisation": "none", "missing": "excluded", "augment": (), "symmetries": 1}
    allowed |= {"rand_augment": None, "mixup": 0.0}
    return [
        f"{key!r} is {getattr(recipe, key)!r}; allowed with 'table': {value or 'none'}"
        for key, value in allowed.items()
        if getattr(recipe, key) != value
    ]


def _features_faults(recipe: "ClassifierRecipe") -> list[str]:
    """Return which keys of a classifier on features only networks know."""
    name, faults = recipe.classifier, []
    if recipe.normalisation != "none":
        faults.append(f"'normalisation' is {recipe.normalisation!r}; {name} takes raw pixels: none")
    if recipe.missing != "excluded":
        faults.append(f"'missing' is {recipe.missing!r}; {name} takes raw pixels: excluded")
    if recipe.fine_tuning is not None:
        faults.append(f"'fine_tuning' is set; {name} is no network and starts from no weights: none")
    if recipe.resize_pixel is not None:
        faults.append(f"'resize_pixel' is {recipe.resize_pixel}; {name} takes pixels as they are: none")
    if recipe.module:
        faults.append(f"'module' is {recipe.module!r}; {name} is no network and takes nothing of it: empty")
    for key, given in (("augment", list(recipe.augment)), ("rand_augment", "set" * bool(recipe.rand_augment))):
        faults += [f"{key!r} is {given}; {name} takes none"] if given else []
    if recipe.mixup:
        faults.append(f"'mixup' is {recipe.mixup}; {name} takes none: 0")
    if recipe.symmetries != 1:
        faults.append(f"'symmetries' is {recipe.symmetries}; {name} sees no orientation: 1")
    if recipe.posterior_samples:
        faults.append(f"'posterior_samples' is {recipe.posterior_samples}; {name} has no dropout: 0")
    return faults


def _settings_faults(recipe: "ClassifierRecipe") -> list[str]:
    name = recipe.classifier
    parameters = inspect.signature(CLASSIFIERS[name]).parameters.values()
    keywords = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    known = CLASSIFIERS.metadata(name).get("settings", keywords)
    own_faults = CLASSIFIERS.metadata(name).get("settings_faults")
    defaults: dict[str, Any] = {**BOOSTING_SETTINGS, **TREES_SETTINGS}
    defaults |= {parameter.name: parameter.default for parameter in parameters if parameter.name in known}
    faults = own_faults(recipe.settings) if own_faults else []
    for key, value in recipe.settings.items():
        if key not in known:
            faults.append(f"unknown key 'settings.{key}'; {name} knows: {', '.join(known)}")
        elif own_faults:
            continue
        elif key == "head":
            faults += head_faults(value)
        else:
            allowed = _allowed(key, value, defaults.get(key), CLASSIFIERS.metadata(name).get("choices", {}).get(key))
            faults += [f"'settings.{key}' is {value!r}; allowed: {allowed}"] if allowed else []
    return faults


def _monitor_faults(recipe: "ClassifierRecipe") -> list[str]:
    faults = []
    if recipe.classifier == MODULE and recipe.metadata is not None:
        faults.append("'metadata' is set; 'classifier: module' takes pixels alone: none")
    if recipe.classifier == MODULE and not recipe.module:
        faults.append("'module' is empty; allowed with 'classifier: module': a Python file with create_model")
    known = [f"validation_{name}" for name in dict.fromkeys(["loss", "accuracy", MACRO_F1, *recipe.metrics])]
    if recipe.monitor not in known:
        faults.append(f"'monitor' is {recipe.monitor!r}; allowed: {', '.join(known)}")
    if recipe.schedule_monitor not in ("", *known):
        faults.append(f"'schedule_monitor' is {recipe.schedule_monitor!r}; allowed: empty, {', '.join(known)}")
    if recipe.momentum and recipe.optimizer == "adam":
        faults.append(f"'momentum' is {recipe.momentum}; allowed with 'optimizer: adam': 0")
    return faults


def _allowed(name: str, value: Any, default: Any, choices: Sequence[str] | None = None) -> str:
    """Return what a setting of a classifier may be where it is none of that; its default says of which kind it is."""
    if choices is not None:
        return "" if value in choices else f"one of {', '.join(choices)}"
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "true or false"
    if isinstance(default, list | tuple):
        sound = isinstance(value, list | tuple) and value and not any(_allowed(name, one, default[0]) for one in value)
        return "" if sound else f"a list, each {_RANGES[type(default[0])]}"
    if isinstance(default, float) and name.endswith("max_features") and (isinstance(value, str) or value is None):
        return ""  # as scikit-learn names them
    if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(default, int | float):
        return _RANGES.get(type(default), "")
    whole = isinstance(value, int) and value >= 1
    if isinstance(default, int) or (name.endswith("max_features") and isinstance(value, int)):
        return "" if whole else _RANGES[int]
    if name in ("learning_rate", "cost", "gamma"):
        return "" if value > 0 else "a number above 0"
    if name.startswith("dropout") or name.endswith("penalty"):
        return "" if 0 <= value < 1 else "a number from 0 to below 1"
    return "" if 0 < value <= 1 else _RANGES[float]
