"""The lines of the table of ablations: how each is trained, and which line it is compared with.

Tested by tests/benchmarks/studies/ablation/test_lines.py.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.studies.ablation.rows import NATURAL_SHARE, Places, Pool, hidden_labels, labelled_nights
from models.networks.fitted_network import FittedNetwork
from models.networks.network import rebuilt
from models.recipes.classifier import ClassifierRecipe
from models.recipes.co_teaching import CoTeaching
from models.recipes.fine_tuning import FineTuning
from models.recipes.user_module import MODULE
from models.registry import NETWORK
from models.training.in_memory import MemoryDataSet
from models.training.train import TrainedModel, train
from models.weights import ENDING, read_arrays, write_arrays
from pipeline.classes import BOGUS, REAL
from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.scores.calibration import fit_platt_prior

NETWORKS: Final = Path(__file__).with_name("networks")
BASE: Final = "triplet_cnn"
ENSEMBLE: Final = "feature_ensemble"
HISTOGRAMS: Final = "histogram_boosting"
PASSING_FOR_BOGUS: Final = ", unlabelled as bogus"
CO_TEACHING: Final = ", co-teaching on these"
NATURAL: Final = CoTeaching(dropped=NATURAL_SHARE)
PRETRAINED: Final = "pretrained on another sky"
FEW_NIGHTS: Final = "labels of a quarter of the nights"

HARD_SHARE: Final = 0.5
"""Of the bogus that teach, which are the hardest of the pool."""

CONFIDENT: Final = 0.98
"""Score above which a row of another night is taken for real; below 1 minus it for bogus."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a line's training left: logits of the rows that stop and that judge, and what it took.

    Attributes
    ----------
    logits : mapping of str to ndarray, each (n,)
        Of the parts ``validation`` and ``test`` of ``dataset``.
    dataset : MemoryDataSet
    facts : mapping
        ``rows parameters epochs`` and what else the line has to say.
    """

    logits: Mapping[str, NDArray[np.float64]]
    dataset: MemoryDataSet
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Study:
    """Rows, budget and folder of the ablations.

    Attributes
    ----------
    pool : Pool
    epochs : int
        Of a network at most.
    scratch : Path
        Where the weights of the base are kept.
    sky : MemoryDataSet or None
        Another synthetic sky, to pretrain on.
    """

    pool: Pool = field(repr=False)
    epochs: int
    scratch: Path
    sky: MemoryDataSet | None = None

    @property
    def plain(self) -> MemoryDataSet:
        """The rows that teach, with their labels."""
        return self.pool.dataset(self.pool.places["teach"], "teach")

    def recipe(self, name: str, **changes: Any) -> ClassifierRecipe:
        """Return a recipe of ``config/classifiers`` within the budget."""
        found = ClassifierRecipe.from_mapping(settings_files.raw("classifiers", name), name)
        more: dict[str, Any] = {"epochs": self.epochs} if found.family == NETWORK else {}
        return replace(found, threads=1, **more, **changes)

    def own(self, module: str, **changes: Any) -> ClassifierRecipe:
        """Return the recipe of the base with a network of this study."""
        path = str(NETWORKS / f"{module}.py")
        return self.recipe(BASE, classifier=MODULE, settings={}, module=path, **changes)

    def labels(self, places: Places) -> NDArray[np.integer]:
        """Return the true labels of some rows."""
        return self.pool.candidates["label"].to_numpy()[places]

    def weights_of(self, name: str, seed: int) -> Path:
        """Return where the weights of a network are kept."""
        return self.scratch / f"{name}-{seed}{ENDING}"


Train = Callable[[Study, int], Outcome]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table.

    Attributes
    ----------
    train : callable
        From the study and a seed to the outcome.
    against : str
        The line that it is compared with.
    needs : str
        A line that has to be trained before it; empty: none.
    """

    train: Train
    against: str = BASE
    needs: str = ""


def trained(dataset: MemoryDataSet, recipe: ClassifierRecipe, seed: int, weights: Path | None = None) -> Outcome:
    """Train a recipe and return its outcome; its best weights are kept where a path is given."""
    with tempfile.TemporaryDirectory() as folder:
        found = train(dataset, recipe, seed, workdir=Path(folder))
    if weights is not None and isinstance(found.fitted, FittedNetwork):
        write_arrays(weights, found.fitted.weights[found.recipe.keep])
    return outcome(dataset, found.fitted.logits, facts_of(found))


def outcome(dataset: MemoryDataSet, logits: Callable[..., NDArray[np.floating]], facts: Mapping[str, Any]) -> Outcome:
    """Return the logits of the rows that stop and that judge."""
    parts = {part: np.asarray(logits(dataset.cutouts(part)), np.float64)[:, 0] for part in ("validation", "test")}
    return Outcome(logits=parts, dataset=dataset, facts=facts)


def facts_of(found: TrainedModel) -> dict[str, Any]:
    """Return how many rows, weights and epochs a training had."""
    network = isinstance(found.fitted, FittedNetwork)
    return {
        "rows": sum(found.counts["train"]["class"].values()),  # type: ignore[index]
        "parameters": int(found.fitted.model.count_params()) if network else None,  # type: ignore[attr-defined]
        "epochs": len(found.history) if network else None,
    }


def of_recipe(name: str, **changes: Any) -> Train:
    """Return the training of a recipe of the project on the rows that teach."""
    kept = name == BASE and not changes

    def run(study: Study, seed: int) -> Outcome:
        weights = study.weights_of(name, seed) if kept else None
        return trained(study.plain, study.recipe(name, **changes), seed, weights)

    return run


def of_network(module: str, **changes: Any) -> Train:
    """Return the training of a network of this study on the rows that teach."""
    return lambda study, seed: trained(study.plain, study.own(module, **changes), seed)


def base_network(study: Study, seed: int, name: str = BASE, symmetries: int = 8) -> FittedNetwork:
    """Return the network whose weights an earlier line kept."""
    from models.networks.network import design_of
    from models.training.train import contract_of

    recipe = study.recipe(BASE, symmetries=symmetries)
    design = design_of(recipe, contract_of(study.plain, recipe), n_classes=2)
    return FittedNetwork(model=rebuilt(read_arrays(study.weights_of(name, seed)), design), design=design, threads=1)


def one_orientation(study: Study, seed: int) -> Outcome:
    """Judge the base's own weights on the cutout as it stands."""
    fitted = base_network(study, seed, symmetries=1)
    return outcome(study.plain, fitted.logits, {"rows": len(study.pool.places["teach"])})


def pretrained(study: Study, seed: int) -> Outcome:
    """Train on another sky first, then on the rows that teach, all layers at the full rate."""
    if study.sky is None:
        raise SettingsError("--sky names no data set, on which a line is pretrained")
    weights = study.weights_of("another sky", seed)
    if not weights.is_file():
        first = study.recipe(BASE, size_pixel=study.plain.size_pixel)
        with tempfile.TemporaryDirectory() as folder:
            write_arrays(weights, train(study.sky, first, seed, workdir=Path(folder)).fitted.weights["best"])  # type: ignore[attr-defined]
    recipe = study.recipe(BASE, fine_tuning=FineTuning(weights=str(weights.resolve())))
    return trained(study.plain, recipe, seed)


def hard_negatives(study: Study, seed: int) -> Outcome:
    """Put the bogus of the pool that the base takes for real soonest in the place of half of the bogus that teach."""
    pool, teach = study.pool.places["bogus"], study.pool.places["teach"]
    logits = base_network(study, seed, symmetries=1).logits(study.pool.cutouts[pool])[:, 0]
    bogus = teach[study.labels(teach) == BOGUS]
    hard = pool[np.argsort(-logits)][: round(HARD_SHARE * len(bogus))]
    kept = np.concatenate([teach[study.labels(teach) == REAL], bogus[: len(bogus) - len(hard)], hard])
    found = trained(study.pool.dataset(np.sort(kept), "hard"), study.recipe(BASE), seed)
    return replace(found, facts={**found.facts, "hard": len(hard)})


def unlabelled(name: str, *, clean: bool = False, **changes: Any) -> Train:
    """Return the training on known reals and on unlabelled rows as bogus, or, clean, on all of their true labels."""

    def run(study: Study, seed: int) -> Outcome:
        places = study.pool.places["unlabelled"]
        true = study.labels(places)
        given = true.astype(np.int8) if clean else hidden_labels(true)
        dataset = study.pool.dataset(places, f"unlabelled-{clean}", given)
        found = trained(dataset, study.recipe(name, **changes), seed)
        contamination = float((true[given == BOGUS] == REAL).mean())
        return replace(found, facts={**found.facts, "contamination": round(contamination, 4)})

    return run


def few_nights(study: Study, seed: int) -> Outcome:
    """Train on the labels of a part of the nights alone."""
    return trained(few_nights_of(study), study.recipe(BASE), seed, study.weights_of("few nights", seed))


def self_trained(study: Study, seed: int) -> Outcome:
    """Train on the labels of a part of the nights, and on what the first model is sure of in the others."""
    few = few_nights_of(study)
    fitted = base_network(study, seed, "few nights")
    validation = few.candidates("validation")
    platt = fit_platt_prior(fitted.logits(few.cutouts("validation"))[:, 0].astype(float), validation["label"])
    teach = study.pool.places["teach"]
    known = study.pool.candidates["night"].iloc[teach].isin(labelled_nights(study.pool.candidates["night"])).to_numpy()
    others = teach[~known]
    scores = 1 / (1 + np.exp(-(platt.slope * fitted.logits(study.pool.cutouts[others])[:, 0] + platt.intercept)))
    sure = (scores > CONFIDENT) | (scores < 1 - CONFIDENT)
    guessed = (scores[sure] > CONFIDENT).astype(np.int8)
    places = np.concatenate([teach[known], others[sure]])
    labels = np.concatenate([study.labels(teach[known]), guessed]).astype(np.int8)
    taught = study.pool.dataset(places, "self-trained", labels)
    dataset = replace(taught, parts={**taught.parts, "validation": few.parts["validation"]})
    found = trained(dataset, study.recipe(BASE), seed)
    wrong = float((guessed != study.labels(others[sure])).mean())
    return replace(found, facts={**found.facts, "guessed": int(sure.sum()), "guessed_wrong": round(wrong, 4)})


def few_nights_of(study: Study) -> MemoryDataSet:
    """Return the rows of the labelled nights that teach and stop; all that judge."""
    nights = labelled_nights(study.pool.candidates["night"])
    of = study.pool.candidates["night"].isin(nights).to_numpy()
    teach = study.pool.places["teach"]
    found = study.pool.dataset(teach[of[teach]], "few nights")
    candidates, cutouts = found.parts["validation"]
    kept = candidates["night"].isin(nights).to_numpy()
    stop = candidates[kept].reset_index(drop=True), cutouts[kept]
    return replace(found, parts={**found.parts, "validation": stop})


LINES: Final[Mapping[str, Line]] = {
    BASE: Line(train=of_recipe(BASE)),
    "without its central crop": Line(train=of_network("one_scale")),
    "a second, finer trunk on the middle": Line(train=of_network("two_crops")),
    "without mean over orientations": Line(train=one_orientation, needs=BASE),
    "without turned and mirrored rows": Line(train=of_recipe(BASE, augment=())),
    "convolutions over quarter turns": Line(train=of_network("turning", symmetries=1)),
    PRETRAINED: Line(train=pretrained),
    "hard bogus of a larger pool": Line(train=hard_negatives, needs=BASE),
    HISTOGRAMS: Line(train=of_recipe(HISTOGRAMS)),
    ENSEMBLE: Line(train=of_recipe(ENSEMBLE)),
    FEW_NIGHTS: Line(train=few_nights),
    "and self-training in the others": Line(train=self_trained, against=FEW_NIGHTS, needs=FEW_NIGHTS),
    BASE + PASSING_FOR_BOGUS: Line(train=unlabelled(BASE)),
    BASE + CO_TEACHING: Line(train=unlabelled(BASE, co_teaching=NATURAL), against=BASE + PASSING_FOR_BOGUS),
    BASE + ", the same rows labelled": Line(train=unlabelled(BASE, clean=True), against=BASE + PASSING_FOR_BOGUS),
    HISTOGRAMS + PASSING_FOR_BOGUS: Line(train=unlabelled(HISTOGRAMS), against=HISTOGRAMS),
    HISTOGRAMS + CO_TEACHING: Line(
        train=unlabelled(HISTOGRAMS, co_teaching=NATURAL), against=HISTOGRAMS + PASSING_FOR_BOGUS
    ),
    HISTOGRAMS + ", the same rows labelled": Line(
        train=unlabelled(HISTOGRAMS, clean=True), against=HISTOGRAMS + PASSING_FOR_BOGUS
    ),
}
"""All lines but ``default``, which is made of three of them."""

IN_PLACE: Final = tuple(list(LINES)[1:8])
"""Networks that may take the place of the default's own."""
