"""Classifier recipes: the parsed content of one file of ``config/classifiers``."""

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Self

import models.architectures  # noqa: F401  (enters the classifiers)
from models.architectures.feature_models import BOOSTING_SETTINGS, TREES_SETTINGS
from models.inputs.metadata_rules import MetadataRecipe
from models.recipes.calibration_keys import training_part
from models.recipes.losses import LOSSES
from models.recipes.schedules import SCHEDULES
from models.recipes.stack_members import is_stack
from models.recipes.symmetries import NUMBERS
from models.recipes.threshold_settings import rule_faults, unknown
from models.recipes.user_module import MODULE
from models.registry import CLASSIFIERS, FEATURES
from pipeline.classes import GUESSED_SOURCES
from pipeline.cutouts.augment import AUGMENTATIONS
from pipeline.cutouts.normalise import NORMALISATIONS, Missing
from pipeline.errors import SettingsError
from pipeline.metrics import METRICS
from pipeline.registry import Registry
from pipeline.settings import parse


@dataclass(frozen=True, kw_only=True)
class ClassifierRecipe:
    """What to train and how; every key of a classifier file.

    Attributes
    ----------
    classifier : str
        A network, ``triplet_cnn``, ``braai``, ``psat_d``, ``vgg6``, ``bayesian_vgg6``, ``sepconvnet``, ``gmadet`` or
        ``otrain``; or on features of the cutouts, ``boosting`` or ``feature_ensemble``.
    module : str
        Python file of your own with ``create_model(num_classes, image_dim)``, ``normalise(pixels)`` or ``metrics``,
        relative to the folder of the settings; ``classifier: module`` and ``normalisation: module`` take them. Empty:
        none.
    settings : mapping
        Arguments of that classifier (filters, trees ...): numbers, texts or lists of them.
    normalisation : str
        ``none``, ``sign_log``, ``l2``, ``zscore``, ``minmax``, ``max_abs`` or ``asinh``, which are part of a network's
        graph; ``bg_sub`` or ``zscale``, which are applied to what goes into it. On features: ``none``.
    missing : {"excluded", "psat"}
        Whether missing pixels are left out of the statistics of a normalisation or, as in psat-ml, are 0 before them.
    channels : tuple of str or None
        Channels to use, in this order; none: those of the data set.
    required_channels : tuple of str or None
        Channels that must not be missing altogether for a row to be scored; none: all used.
    metadata : MetadataRecipe or None
        Columns of the candidates as a second input; none: pixels alone.
    size_pixel : int or None, in pixel
        Side of the central part to look at, at least what the classifier needs; none: the whole cutout.
    batch_size : int
        Rows per step, at least 1.
    epochs : int
        Most passes over the rows, at least 1.
    early_stopping_patience : int, in epochs
        Passes without a better monitored value before training stops; 0 for all epochs.
    monitor : str
        Which value of an epoch decides which is the best: ``validation_loss``, ``validation_accuracy``, or
        ``validation_`` and one of ``metrics``.
    metrics : tuple of str
        Metrics of the report that are taken of the validation rows after each epoch, by name; two classes only.
    keep : {"best", "last"}
        Of which epoch the weights are: of the best one, or of the last.
    loss : str
        ``cross_entropy`` or ``focal``, which weighs rows that are right already less.
    label_smoothing : float
        Share of each target that is spread evenly over all classes, 0 to below 1.
    optimizer : {"adam", "sgd", "rmsprop"}
        With a ``weight_decay``, ``adam`` is AdamW.
    momentum : float
        Of ``sgd`` and ``rmsprop``, 0 to below 1.
    learning_rate : float
        Learning rate of the optimiser, above 0.
    learning_rate_schedule : str
        ``constant``; ``cosine``, by which the rate falls to 0 over the epochs along a half cosine; or ``plateau``, by
        which it is multiplied by ``plateau_factor`` after ``plateau_patience`` epochs without a better value.
    plateau_patience : int, in epochs
        Of the schedule ``plateau``, at least 1.
    plateau_factor : float
        Of the schedule ``plateau``, above 0 and below 1.
    warm_up_epochs : int
        First epochs over which the rate rises in equal steps, at least 0.
    weight_decay : float
        Weight decay, decoupled from the gradient, at least 0.
    precision : {"float32", "mixed_bfloat16", "mixed_float16"}
        Numbers that training computes with; weights and scores are float32 under each.
    class_weight : {"none", "balanced", "gotorb"}
        With ``balanced`` each class weighs the same in the loss, a row 1 on average; with ``gotorb`` too, a row of the
        rarest class 1.
    augment : tuple of str
        ``rotate`` (by quarter turns), ``flip``, ``shift``, ``rotate_any`` (by any angle), ``zoom`` and ``brightness``,
        applied in the order in which they are named; for training rows of networks only.
    symmetries : int
        Orientations of a cutout over which a network's logits are averaged when it scores: 1, 4 (quarter turns) or
        8 (and mirror images); costs as many passes.
    label_source_weight : mapping of str to float
        Weight of training rows by ``label_source``; at least 0; 1 where not given, 0 leaves rows out.
    untrusted : tuple of str
        Label sources that may teach but never judge: no early stopping, calibration or threshold on them, though
        drawn bogus may have to, see docs/labels.md#without-any-label.
    calibration : {"platt", "platt_prior", "none"}
        Fitted on trusted validation rows, two classes only; ``platt_prior`` is for few rows and equal classes.
    threshold_rule : str
        ``fixed``, ``mdr``, ``fpr``, ``f1``, ``mcc`` or ``gmean``.
    threshold_parameter : mapping of str to float
        Arguments of the rule: ``value`` of ``fixed``, ``target`` of ``mdr`` and ``fpr``.
    posterior_samples : int
        Dropout samples per row at inference, at least 0; 0 is none.
    threads : int
        Cores of the training, which is repeatable at a stated count only; at least 1.
    """

    classifier: str
    module: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    normalisation: str = "none"
    missing: Missing = "excluded"
    channels: tuple[str, ...] | None = None
    required_channels: tuple[str, ...] | None = None
    metadata: MetadataRecipe | None = None
    size_pixel: int | None = None
    batch_size: int = 64
    epochs: int = 30
    early_stopping_patience: int = 5
    monitor: str = "validation_loss"
    metrics: tuple[str, ...] = ()
    keep: Literal["best", "last"] = "best"
    loss: str = "cross_entropy"
    label_smoothing: float = 0.0
    optimizer: Literal["adam", "sgd", "rmsprop"] = "adam"
    momentum: float = 0.0
    learning_rate: float = 1e-3
    learning_rate_schedule: str = "constant"
    plateau_patience: int = 5
    plateau_factor: float = 0.5
    warm_up_epochs: int = 0
    weight_decay: float = 0.0
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    class_weight: Literal["none", "balanced", "gotorb"] = "balanced"
    augment: tuple[str, ...] = ()
    symmetries: int = 1
    label_source_weight: Mapping[str, float] = field(default_factory=dict)
    untrusted: tuple[str, ...] = GUESSED_SOURCES
    calibration: Literal["platt", "platt_prior", "none"] = "platt"
    threshold_rule: str = "fixed"
    threshold_parameter: Mapping[str, float] = field(default_factory=dict)
    posterior_samples: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        faults = [*self._name_faults(), *self._number_faults(), *self._family_faults()]
        faults += [*rule_faults(self.threshold_rule, self.threshold_parameter), *self._monitor_faults()]
        if faults:
            raise SettingsError("; ".join(faults))

    @classmethod
    def from_mapping(cls, mapping: object, where: str = "classifier recipe") -> Self:
        """Return the recipe in a parsed YAML file, or one error that lists every fault.

        Parameters
        ----------
        mapping : object
            What ``yaml.safe_load`` returned.
        where : str
            The file's name, for the message.

        Raises
        ------
        SettingsError
            With each unknown key, wrong type, unknown name and value out of range.
        """
        if isinstance(mapping, Mapping) and is_stack(mapping):
            raise SettingsError(
                f"{where} is a stack, of which nothing is trained but its members; CalibratePackage makes its package"
            )
        return parse(cls, mapping, where)

    @property
    def family(self) -> str:
        """Return ``network`` or ``features``."""
        return str(CLASSIFIERS.metadata(self.classifier)["family"])

    @property
    def stated(self) -> dict[str, Any]:
        """Return all keys as packages state them; ``metadata`` is left out where there is none, as ever."""
        return {name: value for name, value in asdict(self).items() if name != "metadata" or value is not None}

    @property
    def training_part(self) -> dict[str, object]:
        """Return the keys that decide the weights."""
        return training_part(self.stated)

    def _name_faults(self) -> list[str]:
        named: list[tuple[Registry[Any], list[str]]] = [
            (CLASSIFIERS, [self.classifier]),
            (NORMALISATIONS, [] if self._own_normalisation else [self.normalisation]),
            (AUGMENTATIONS, list(self.augment)),
            (METRICS, [] if self.module else list(self.metrics)),
            (LOSSES, [self.loss]),
            (SCHEDULES, [self.learning_rate_schedule]),
        ]
        return [unknown(registry, name) for registry, names in named for name in names if name not in registry]

    @property
    def _own_normalisation(self) -> bool:
        return self.normalisation == MODULE and bool(self.module)

    def _number_faults(self) -> list[str]:
        at_least = {
            "batch_size": 1,
            "epochs": 1,
            "early_stopping_patience": 0,
            "plateau_patience": 1,
            "warm_up_epochs": 0,
            "weight_decay": 0,
            "posterior_samples": 0,
            "threads": 1,
        }
        faults = [
            f"{name!r} is {getattr(self, name)}; allowed: at least {least}"
            for name, least in at_least.items()
            if not getattr(self, name) >= least
        ]
        if self.symmetries not in NUMBERS:
            faults.append(f"'symmetries' is {self.symmetries}; allowed: {', '.join(map(str, NUMBERS))}")
        if not self.learning_rate > 0:
            faults.append(f"'learning_rate' is {self.learning_rate}; allowed: above 0")
        if not 0 < self.plateau_factor < 1:
            faults.append(f"'plateau_factor' is {self.plateau_factor}; allowed: above 0 and below 1")
        faults.extend(
            f"{name!r} is {getattr(self, name)}; allowed: 0 to below 1"
            for name in ("label_smoothing", "momentum")
            if not 0 <= getattr(self, name) < 1
        )
        faults.extend(
            f"'label_source_weight.{source}' is {weight}; allowed: at least 0"
            for source, weight in self.label_source_weight.items()
            if not weight >= 0
        )
        return faults

    def _family_faults(self) -> list[str]:
        if self.classifier not in CLASSIFIERS:
            return []
        faults = []
        smallest = CLASSIFIERS.metadata(self.classifier)["minimum_size_pixel"]
        if self.size_pixel is not None and self.size_pixel < smallest:
            faults.append(f"'size_pixel' is {self.size_pixel}; {self.classifier} needs at least {smallest}")
        faults.extend(self._settings_faults())
        if self.family == FEATURES and self.normalisation != "none":
            faults.append(f"'normalisation' is {self.normalisation!r}; {self.classifier} takes raw pixels: none")
        if self.family == FEATURES and self.missing != "excluded":
            faults.append(f"'missing' is {self.missing!r}; {self.classifier} takes raw pixels: excluded")
        if self.family == FEATURES and self.module:
            faults.append(
                f"'module' is {self.module!r}; {self.classifier} is no network and takes nothing of it: empty"
            )
        if self.family == FEATURES and self.augment:
            faults.append(f"'augment' is {list(self.augment)}; {self.classifier} takes none")
        if self.family == FEATURES and self.symmetries != 1:
            faults.append(f"'symmetries' is {self.symmetries}; {self.classifier} sees no orientation: 1")
        if self.family == FEATURES and self.posterior_samples:
            faults.append(f"'posterior_samples' is {self.posterior_samples}; {self.classifier} has no dropout: 0")
        return faults

    def _settings_faults(self) -> list[str]:
        parameters = inspect.signature(CLASSIFIERS[self.classifier]).parameters.values()
        keywords = [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
        known = CLASSIFIERS.metadata(self.classifier).get("settings", keywords)
        defaults: dict[str, Any] = {**BOOSTING_SETTINGS, **TREES_SETTINGS}
        defaults |= {parameter.name: parameter.default for parameter in parameters if parameter.name in known}
        faults = []
        for name, value in self.settings.items():
            if name not in known:
                faults.append(f"unknown key 'settings.{name}'; {self.classifier} knows: {', '.join(known)}")
            else:
                allowed = _allowed(name, value, defaults.get(name))
                faults += [f"'settings.{name}' is {value!r}; allowed: {allowed}"] if allowed else []
        return faults

    def _monitor_faults(self) -> list[str]:
        faults = []
        if self.classifier == MODULE and self.metadata is not None:
            faults.append("'metadata' is set; 'classifier: module' takes pixels alone: none")
        if self.classifier == MODULE and not self.module:
            faults.append("'module' is empty; allowed with 'classifier: module': a Python file with create_model")
        known = ["validation_loss", "validation_accuracy", *(f"validation_{name}" for name in self.metrics)]
        if self.monitor not in known:
            faults.append(f"'monitor' is {self.monitor!r}; allowed: {', '.join(known)}")
        if self.momentum and self.optimizer == "adam":
            faults.append(f"'momentum' is {self.momentum}; allowed with 'optimizer: adam': 0")
        return faults

    @property
    def larger_is_better(self) -> bool:
        """Return whether the better of two epochs is the one with the larger monitored value."""
        name = self.monitor.removeprefix("validation_")
        return name != "loss" and (name not in METRICS or METRICS[name].larger_is_better)


def _allowed(name: str, value: Any, default: Any) -> str:
    """Return what a setting of a classifier may be where it is none of that; its default says of which kind it is."""
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
    if name == "learning_rate":
        return "" if value > 0 else "a number above 0"
    if name.startswith("dropout") or name.endswith("penalty"):
        return "" if 0 <= value < 1 else "a number from 0 to below 1"
    return "" if 0 < value <= 1 else _RANGES[float]


_RANGES: Final = {int: "a whole number, at least 1", float: "a number above 0, at most 1"}


def load(mapping: object, name: str) -> ClassifierRecipe:
    """Return the recipe ``name`` from the parsed content of its file; see `ClassifierRecipe.from_mapping`."""
    return ClassifierRecipe.from_mapping(mapping, f"config/classifiers/{name}.yaml")
