"""Classifier recipes: the parsed content of one file of ``config/classifiers``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Self

from models.inputs.metadata_rules import MetadataRecipe
from models.inputs.table_recipe import TableRecipe
from models.recipes.calibration_keys import Method, training_part
from models.recipes.co_teaching import CoTeaching
from models.recipes.conformal_recipe import ConformalRecipe
from models.recipes.fine_tuning import FineTuning
from models.recipes.outlier_recipe import OutlierRecipe
from models.recipes.recipe_faults import recipe_faults
from models.recipes.sampling import SamplingRecipe
from models.recipes.stack_members import is_stack
from models.registry import CLASSIFIERS
from pipeline.classes import GUESSED_SOURCES
from pipeline.cutouts.normalise import Missing
from pipeline.cutouts.rand_augment import RandAugment
from pipeline.errors import SettingsError
from pipeline.metrics import METRICS
from pipeline.settings import parse

_STATED_IF_CHANGED: Final[Mapping[str, object]] = {
    "metadata": None,
    "fine_tuning": None,
    "table": None,
    "resize_pixel": None,
    "rand_augment": None,
    "mixup": 0.0,
    "schedule_monitor": "",
    "least_improvement": 0.0,
    "plateau_cooldown": 0,
    "plateau_minimum": 0.0,
    "sampling": None,
    "scoring_precision": "float32",
    "co_teaching": None,
    "calibration_folds": 0,
    "calibrated_to": "sample",
    "conformal": None,
    "outliers": None,
}
"""Keys that packages state only where they differ from this default, so that those of before keep their digests."""


@dataclass(frozen=True, kw_only=True)
class ClassifierRecipe:
    """What to train and how; every key of a classifier file.

    Attributes
    ----------
    classifier : str
        A network, ``triplet_cnn``, ``braai``, ``psat_d``, ``vgg6``, ``bayesian_vgg6``, ``sepconvnet``, ``gmadet`` or
        ``otrain``; for images of galaxies ``galaxy_cnn``, ``polar_cnn``, ``resnet18``, ``resnet50v2``,
        ``efficientnetv2b0`` or ``convnexttiny``; for
        tables ``mlp``, ``table_forest``, ``table_boosting``, ``table_svm`` or ``table_logistic``; or on features of the
        cutouts, ``boosting``, ``feature_ensemble`` or ``rules``, which learns nothing.
    module : str
        Python file of your own with ``create_model(num_classes, image_dim)``, ``normalise(pixels)`` or ``metrics``,
        relative to the folder of the settings; ``classifier: module`` and ``normalisation: module`` take them. Empty:
        none.
    settings : mapping
        Arguments of that classifier (filters, trees ...): numbers, texts or lists of them; of ``rules`` its ``cuts``.
    normalisation : str
        ``none``, ``bytes`` (divided by 255), ``sign_log``, ``l2``, ``zscore``, ``minmax``, ``max_abs`` or ``asinh``,
        which are part of a network's graph; ``bg_sub`` or ``zscale``, which are applied to what goes into it. On
        features: ``none``.
    missing : {"excluded", "psat"}
        Whether missing pixels are left out of the statistics of a normalisation or, as in psat-ml, are 0 before them.
    channels : tuple of str or None
        Channels to use, in this order; none: the images of the data set, without planes of variance and PSF.
    required_channels : tuple of str or None
        Channels that must not be missing altogether for a row to be scored; none: all used, and of a table any one.
    metadata : MetadataRecipe or None
        Columns of the candidates as a second input; none: pixels alone.
    fine_tuning : FineTuning or None
        Weights that a network starts from, and what of it stays as it is; none: random weights, all trained.
    table : TableRecipe or None
        How the features of a table are scaled and missing ones filled, in place of a normalisation; none: missing ones
        are 0.
    size_pixel : int or None, in pixel
        Side of the central part to look at, at least what the classifier needs; none: the whole cutout.
    resize_pixel : int or None, in pixel
        Side to which a network's pixels are resized whole after their normalisation, within its graph: linearly
        interpolated, averaged where they shrink, 1 to 1024; none: as they are.
    batch_size : int
        Rows per step, at least 1.
    epochs : int
        Most passes over the rows, at least 1.
    early_stopping_patience : int, in epochs
        Passes without a better monitored value before training stops; 0 for all epochs.
    monitor : str
        Which value of an epoch decides which is the best: ``validation_loss``, ``validation_accuracy``,
        ``validation_macro_f1``, or ``validation_`` and one of ``metrics``.
    schedule_monitor : str
        Which value of an epoch moves ``plateau`` and stops the training, named as in ``monitor``; empty: that of
        ``monitor``.
    least_improvement : float
        By how much a value has to be better for ``plateau`` and early stopping to count it as better, at least 0.
    metrics : tuple of str
        What is taken of the validation rows after each epoch, by name: ``macro_f1``, ``macro_f1_without_first``,
        ``macro_precision``, ``macro_recall``, and, with two classes, metrics of the report. With more classes,
        ``macro_f1`` and the precision, recall and F1 of each class always are.
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
    plateau_cooldown : int, in epochs
        Of the schedule ``plateau``: epochs after a fall of the rate that do not count as without a better value.
    plateau_minimum : float
        Of the schedule ``plateau``: the rate falls no further.
    warm_up_epochs : int
        First epochs over which the rate rises in equal steps, at least 0.
    weight_decay : float
        Weight decay, decoupled from the gradient, at least 0.
    precision : {"float32", "mixed_bfloat16", "mixed_float16"}
        Numbers that training computes with; weights and scores are float32 under each.
    class_weight : {"none", "balanced", "gotorb"}
        With ``balanced`` each class weighs the same in the loss, a row 1 on average; with ``gotorb`` too, a row of the
        rarest class 1.
    sampling : SamplingRecipe or None
        Which training rows are repeated, drawn anew or left out, so that each class has as many as is asked for, before
        ``class_weight`` weighs them; none: each row once.
    co_teaching : CoTeaching or None
        How many training rows of the first class are left out because they look like none of it, for where they are
        made of unlabelled rows, or labelled wrong; none: all teach. Networks are trained twice as long for it,
        classifiers on features four times.
    augment : tuple of str
        ``rotate`` (by quarter turns), ``flip``, ``shift``, ``rotate_any`` (by any angle), ``zoom`` and ``brightness``,
        applied in the order in which they are named; for training rows of networks only.
    rand_augment : RandAugment or None
        Changes drawn for each training row, after those of ``augment``; of networks of pixels only. None: none.
    mixup : float
        Mixes each training row with another of its block, pixels and classes by a share drawn from Beta(a, a) anew in
        each epoch; a from above 0, such as 0.2, to 10, 0 for none. Of networks of pixels alone.
    symmetries : int
        Orientations of a cutout over which a network's logits are averaged when it scores: 1, 4 (quarter turns) or
        8 (and mirror images); costs as many passes.
    label_source_weight : mapping of str to float
        Weight of training rows by ``label_source``; at least 0; 1 where not given, 0 leaves rows out.
    untrusted : tuple of str
        Label sources that may teach but never judge: no early stopping, calibration or threshold on them, though
        drawn bogus may have to, see docs/labels.md#without-any-label.
    calibration : {"platt", "platt_prior", "temperature", "vector", "beta", "isotonic", "by_night", "none"}
        Fitted on trusted validation rows. ``platt`` and ``vector``: slope and intercept of the logit, with more than
        two classes a scale and a shift of each; ``temperature``: one scale, no shift; ``platt_prior`` is for few rows
        and equal classes. Of two classes alone: ``beta``, a slope of its own on either side of 0, and ``isotonic``, a
        rising line through the shares of reals, for thousands of validation rows; and ``by_night``, that of
        ``temperature``, ``platt``, ``beta`` and ``isotonic`` which gives nights that did not fit it the least log loss.
    calibration_folds : int
        Calibration, thresholds and verdicts are fitted on all trusted training and validation rows, each with the logit
        of one of so many further trainings, which did not learn from it; 2 to 100, or 0: on the validation rows alone.
    calibrated_to : {"sample", "base_rate"}
        The share of reals that scores are probabilities at: that of the rows which calibrate, or the survey's
        ``base_rate``. Of two classes alone.
    threshold_rule : str
        ``fixed``, ``mdr``, ``fpr``, ``f1``, ``mcc``, ``gmean``, ``f1_mcc`` or ``budget``.
    threshold_parameter : mapping of str to float
        Arguments of the rule: ``value`` of ``fixed``, ``target`` of ``mdr`` and ``fpr``, ``looks`` of ``budget``.
    conformal : ConformalRecipe or None
        With two classes: a verdict on each candidate, ``real``, ``bogus`` or ``ask`` a person, that errs as rarely as
        this says; none: no verdict.
    outliers : OutlierRecipe or None
        A flag for candidates that are unlike all training rows; none: no flag.
    posterior_samples : int
        Dropout samples per row at inference, at least 0; 0 is none.
    scoring_precision : {"float32", "int8"}
        Numbers that a network's package computes with. ``int8``: convolutions of whole numbers, calibrated and judged
        as such; about 1.3 x as fast, without posterior, and its card says how its merits differ.
    threads : int
        Cores of the training at most, scikit-learn's among them; a network is repeatable at a stated count only; at
        least 1.
    """

    classifier: str
    module: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    normalisation: str = "none"
    missing: Missing = "excluded"
    channels: tuple[str, ...] | None = None
    required_channels: tuple[str, ...] | None = None
    metadata: MetadataRecipe | None = None
    fine_tuning: FineTuning | None = None
    table: TableRecipe | None = None
    size_pixel: int | None = None
    resize_pixel: int | None = None
    batch_size: int = 64
    epochs: int = 30
    early_stopping_patience: int = 5
    monitor: str = "validation_loss"
    schedule_monitor: str = ""
    least_improvement: float = 0.0
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
    plateau_cooldown: int = 0
    plateau_minimum: float = 0.0
    warm_up_epochs: int = 0
    weight_decay: float = 0.0
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    class_weight: Literal["none", "balanced", "gotorb"] = "balanced"
    sampling: SamplingRecipe | None = None
    co_teaching: CoTeaching | None = None
    augment: tuple[str, ...] = ()
    rand_augment: RandAugment | None = None
    mixup: float = 0.0
    symmetries: int = 1
    label_source_weight: Mapping[str, float] = field(default_factory=dict)
    untrusted: tuple[str, ...] = GUESSED_SOURCES
    calibration: Method = "platt"
    calibration_folds: int = 0
    calibrated_to: Literal["sample", "base_rate"] = "sample"
    threshold_rule: str = "fixed"
    threshold_parameter: Mapping[str, float] = field(default_factory=dict)
    conformal: ConformalRecipe | None = None
    outliers: OutlierRecipe | None = None
    posterior_samples: int = 0
    scoring_precision: Literal["float32", "int8"] = "float32"
    threads: int = 2

    def __post_init__(self) -> None:
        if faults := recipe_faults(self):
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
                f"{where} is a stack, of which nothing is trained but its members: name one of them by --classifier, "
                "or ask for CalibratePackage, which makes the package of the stack"
            )
        return parse(cls, mapping, where)

    @property
    def family(self) -> str:
        """Return ``network``, ``features`` or ``table``."""
        return str(CLASSIFIERS.metadata(self.classifier)["family"])

    @property
    def stated(self) -> dict[str, Any]:
        """Return all keys as packages state them: younger ones, such as ``metadata``, where they are set."""
        nested = {} if self.outliers is None else {"outliers": self.outliers.stated}
        return {
            name: value
            for name, value in (asdict(self) | nested).items()
            if name not in _STATED_IF_CHANGED or value != _STATED_IF_CHANGED[name]
        }

    @property
    def training_part(self) -> dict[str, object]:
        """Return the keys that decide the weights."""
        return training_part(self.stated)

    @property
    def larger_is_better(self) -> bool:
        """Return whether the better of two epochs is the one with the larger monitored value."""
        return self.is_larger_better(self.monitor)

    def is_larger_better(self, value: str) -> bool:
        """Return whether more of a value of an epoch, such as ``validation_loss``, is better."""
        name = value.removeprefix("validation_")
        return name != "loss" and (name not in METRICS or METRICS[name].larger_is_better)


def load(mapping: object, name: str) -> ClassifierRecipe:
    """Return the recipe ``name`` from the parsed content of its file; see `ClassifierRecipe.from_mapping`."""
    return ClassifierRecipe.from_mapping(mapping, f"config/classifiers/{name}.yaml")
