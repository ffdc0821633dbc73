"""Rows that the worth of the artefacts is judged on: the alerts of all nights, and what is made of them.

A slot is one self-made bogus of a night, made of one of the night's reals. Every artefact is put into every slot, so
that two mixtures differ in the slots where they must and in nothing else.
"""

import hashlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import luigi
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, INJECTED, REAL, SELF_MADE
from pipeline.cutouts.missing import Flag
from pipeline.datasets.choice import choose_rows
from pipeline.datasets.divided_rows import Nearness, RowIds
from pipeline.features import physical_features
from pipeline.ids.text_blocks import HeldTexts, JoinedTexts
from pipeline.io import settings_files
from pipeline.io.results.content import row_digests
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.recipes.dataset import DatasetRecipe
from pipeline.recipes.simulation import SimulationRecipe
from pipeline.rng import stream
from pipeline.surveys.settings import SurveySettings
from pipeline.triplets.artefacts import ARTEFACTS, default_mixture, turned
from pipeline.triplets.reals import inject_into_cutouts

DATASET = "ztf_by_night"
_MARKED = 6


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """The survey's own rows, and what the recipes say of them.

    Attributes
    ----------
    rows : DataFrame
        Candidate columns.
    pixels : ndarray of float32, ``(n, y, x, 3)``
        Their triplets.
    features : ndarray of float32, ``(n, f)``
        Their features.
    recipe : DatasetRecipe
        How they are divided.
    simulation : SimulationRecipe
        How many rows are made of each real one.
    near : Nearness
        When rows share a group, or pixels.
    """

    rows: pd.DataFrame
    pixels: NDArray[np.float32]
    features: NDArray[np.float32]
    recipe: DatasetRecipe
    simulation: SimulationRecipe
    near: Nearness


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What one seed makes of the alerts.

    Attributes
    ----------
    seed : int
        Of all draws.
    mark : str
        Hash of what decides the features, the mixture and the division.
    parents : ndarray of int, ``(slots,)``
        Row that each slot is made of.
    first, second : ndarray of float, ``(slots,)``
        Random numbers, 0 to 1, that choose the artefact of a slot, and another one where that is left out.
    features : mapping
        Artefact to the features of all slots ``(slots, f)``; ``injected`` to those of the injected reals.
    folds : list of DataFrame
        Rows of each fold in the order of its data set: ``row`` in the stack of alerts, slots and injected reals,
        ``split label label_source group_id``.
    """

    seed: int
    mark: str
    parents: NDArray[np.intp]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    features: dict[str, NDArray[np.float32]]
    folds: list[pd.DataFrame]

    def kinds(self, left_out: Collection[str], alone: str = "", *, again: bool = False) -> NDArray[np.str_]:
        """Return the artefact of each slot: of the default mixture without some, one alone, or chosen ``again``."""
        if alone:
            return np.full(len(self.parents), alone)
        mixture = default_mixture()
        names, weights = np.array(list(mixture)), np.array(list(mixture.values()))
        stays = weights * ~np.isin(names, list(left_out))
        chosen, other = (
            names[_drawn(share, number)] for share, number in ((weights, self.first), (stays, self.second))
        )
        return other if again else np.where(np.isin(chosen, list(left_out)), other, chosen)

    def stack(self, alerts: Alerts, kinds: NDArray[np.str_]) -> NDArray[np.float32]:
        """Return the features of alerts, slots with these artefacts, and injected reals, in this order."""
        slots = np.empty((len(kinds), alerts.features.shape[1]), dtype=np.float32)
        for name in np.unique(kinds):
            slots[kinds == name] = self.features[name][kinds == name]
        return np.concatenate([alerts.features, slots, self.features["injected"]])


def _drawn(shares: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return which entry each random number, 0 to 1, falls on, with a probability proportional to its share."""
    bounds = np.cumsum(shares / shares.sum())
    return np.minimum(np.searchsorted(bounds, uniform, side="right"), len(shares) - 1)


def read_alerts(folder: Path, scratch: Path, dataset: str = DATASET) -> Alerts:
    """Return the alerts of a folder as a data set's tasks fetch them, their features kept in ``scratch``."""
    os.environ |= {"NIGHTSIFT_ZTF_ALERTS": str(folder.resolve()), "NIGHTSIFT_DATA": str(scratch / "data")}
    from tasks import BuildDataset, FetchCutouts

    recipe = settings_files.load("datasets", dataset, DatasetRecipe)
    nights = BuildDataset(survey=recipe.survey, dataset=dataset).nights
    fetched = [FetchCutouts(survey=recipe.survey, night=night) for night in nights]
    if not luigi.build(fetched, local_scheduler=True, log_level="ERROR"):
        raise SystemExit("the alerts could not be fetched; the log above says why")
    rows, pixels = [], []
    for task in fetched:
        with open_cutouts(task.output().path) as file:
            rows.append(file.candidates())
            pixels.append(file.pixels())
    stacked = np.concatenate(pixels)
    survey = settings_files.load("surveys", recipe.survey, SurveySettings)
    kept = scratch / f"alerts-{hashlib.sha256(physical_features(stacked[:_MARKED]).tobytes()).hexdigest()[:8]}.npy"
    return Alerts(
        rows=pd.concat(rows, ignore_index=True),
        pixels=stacked,
        features=_kept(kept, lambda: physical_features(stacked)),
        recipe=recipe,
        simulation=settings_files.load("simulations", recipe.simulation, SimulationRecipe),
        near=Nearness(
            linked_arcsec=survey.linked_within_arcsec,
            size_pixel=survey.cutout_size_pixel,
            pixel_scale_arcsec=survey.pixel_scale_arcsec,
        ),
    )


def draw(alerts: Alerts, seed: int, scratch: Path) -> Draw:
    """Return the slots and injected reals of a seed with the features of every artefact in every slot."""
    rng = stream(seed, "worth")
    slots, hosts = draw_places(alerts, rng)
    makers = {name: partial(_self_made, alerts, name, seed) for name in ARTEFACTS} | {
        "injected": partial(_injected, alerts, seed)
    }
    marks = {name: mark_of(alerts, maker) for name, maker in makers.items()}
    features = {
        name: _kept(
            scratch / f"{name}-{seed}-{marks[name]}.npy", partial(maker, hosts if name == "injected" else slots)
        )
        for name, maker in makers.items()
    }
    rules = repr((sorted(default_mixture().items()), alerts.recipe.split))
    return Draw(
        seed=seed,
        mark=hashlib.sha256((rules + repr(sorted(marks.items()))).encode()).hexdigest()[:8],
        parents=slots,
        first=rng.random(len(slots)),
        second=rng.random(len(slots)),
        features=features,
        folds=[divided(alerts, slots, hosts, fold) for fold in range(alerts.recipe.split.folds)],
    )


def draw_places(alerts: Alerts, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows that bogus are made of and those that reals are injected into, night by night."""
    counts = alerts.simulation.stamps
    flags = alerts.rows["flags"].to_numpy() & int(Flag.ALL_MISSING | Flag.NO_TEMPLATE)
    usable = np.flatnonzero((flags == 0) & (alerts.rows["label"].to_numpy() == REAL))
    nights = alerts.rows["night"].to_numpy()[usable]
    parents, injected = [], []
    for night in np.unique(nights):
        mine = usable[nights == night]
        parents.append(rng.choice(mine, size=_count(len(mine) * counts.bogus_per_cutout, rng)))
        injected.append(rng.choice(mine, size=_count(len(mine) * counts.reals_per_cutout, rng)))
    return np.concatenate(parents), np.concatenate(injected)


def _count(expected: float, rng: np.random.Generator) -> int:
    return int(expected) + int(rng.random() < expected - int(expected))


def _self_made(alerts: Alerts, name: str, seed: int, slots: NDArray[np.intp]) -> NDArray[np.float32]:
    changed = ARTEFACTS[name](alerts.pixels[slots], stream(seed, "artefact", name))
    return physical_features(turned(changed))


def _injected(alerts: Alerts, seed: int, hosts: NDArray[np.intp]) -> NDArray[np.float32]:
    injected, _ = inject_into_cutouts(alerts.pixels[hosts], stream(seed, "injected"), difference_turned=True)
    return physical_features(injected)


def _kept(path: Path, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
    if not path.is_file():
        np.save(path, make())
    return np.load(path)


def mark_of(alerts: Alerts, features_of: Callable[[NDArray[np.intp]], NDArray[np.float32]]) -> str:
    """Return eight digits of hash of the features of a few rows: another generator gives another mark."""
    few = np.flatnonzero(alerts.rows["label"].to_numpy() == REAL)[:_MARKED]
    return hashlib.sha256(features_of(few).tobytes()).hexdigest()[:8]


def divided(alerts: Alerts, slots: NDArray[np.intp], hosts: NDArray[np.intp], fold: int) -> pd.DataFrame:
    """Return the rows of a fold in the order of its data set, as ``Draw.folds`` holds them."""
    texts = ["candidate_id", "object_id", "group_id", "exposure_id", "detector"]
    own = alerts.rows[[*texts, "night", "ra_deg", "dec_deg", "x_pixel", "y_pixel", "label", "label_source"]]
    bogus = _children(own, slots, SELF_MADE, BOGUS)
    injected = _children(own, hosts, INJECTED, REAL)
    stack = pd.concat([own, bogus, injected], ignore_index=True)
    new = np.arange(len(bogus) + len(injected), dtype=np.uint64)
    candidate, related, group, exposure, detector = (HeldTexts(stack[name]) for name in texts)
    ids = RowIds(candidate=candidate, object=related, group=group, image=JoinedTexts(exposure, detector))
    stack = stack.assign(digest=np.concatenate([row_digests(alerts.pixels), new]), first_label=stack["label"])
    chosen = choose_rows(stack, ids, alerts.recipe, alerts.near, fold).chosen
    names = ids.names.read(slice(None)).to_numpy()
    return chosen.assign(row=chosen["place"], group_id=names[chosen["named"]])


def _children(rows: pd.DataFrame, parents: NDArray[np.intp], source: str, label: int) -> pd.DataFrame:
    children = rows.iloc[parents].reset_index(drop=True)
    serial = children.groupby("candidate_id").cumcount().astype(str)
    children["candidate_id"] = children["candidate_id"] + f"~{source}~" + serial
    return children.assign(label=np.int8(label), label_source=source)
