"""The chain of providers: the strongest first, and what happens if they disagree."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, UNLABELLED, label_names
from pipeline.cutouts.missing import Flag
from pipeline.errors import InputError, SettingsError
from pipeline.labels.providers import LABEL_PROVIDERS, Verdict, alike
from pipeline.labels.references import DETECTION, OBJECT, NamesClasses, ReadingSettings, Reference
from pipeline.settings import examine_entries

log = logging.getLogger(__name__)

Rule = Literal["stronger", "drop", "error"]


@dataclass(frozen=True, kw_only=True)
class ChainLink:
    """One provider of a chain with its settings, the strongest first, and the names of the survey's classes."""

    provider: str
    settings: ReadingSettings
    class_names: tuple[str, ...] = CLASS_NAMES

    @property
    def reads(self) -> dict[str, Reference]:
        """What the link reads, by role."""
        return self.settings.reads()

    @property
    def of(self) -> str:
        """What its labels are of, ``detection`` or ``object``; empty for guesses, which fill what is left of both."""
        stated = getattr(self.settings, "of", "")
        return str(stated or LABEL_PROVIDERS.metadata(self.provider).get("of", ""))

    def verdict(self, candidates: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> Verdict:
        """Return what the provider says of each candidate; tables are by the key of their `Reference`."""
        by_role = {role: tables.get(reference.key, pd.DataFrame()) for role, reference in self.reads.items()}
        provider = LABEL_PROVIDERS[self.provider]
        if _knows_any_classes(self.provider):
            return provider(candidates, by_role, self.settings, self.class_names)
        return provider(candidates, by_role, self.settings)


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """Candidates with their labels, and where providers disagreed.

    Attributes
    ----------
    candidates : DataFrame
        The candidates with ``label kind label_source``, groups joined, disagreement flagged.
    conflicts : DataFrame
        ``candidate_id reason`` of each disagreement, the stronger verdict first.
    """

    candidates: pd.DataFrame
    conflicts: pd.DataFrame


def examine_chain(
    entries: Sequence[Mapping[str, object]], where: str, class_names: Sequence[str] = CLASS_NAMES
) -> tuple[tuple[ChainLink, ...], list[str]]:
    """Return the valid links of a survey's ``labels`` list, and every fault of the list.

    Parameters
    ----------
    entries : sequence of mapping
        The list.
    where : str
        The survey's file, for messages.
    class_names : sequence of str
        The survey's classes.
    """
    sound, faults = examine_entries(entries, "provider", LABEL_PROVIDERS, f"{where}: labels")
    links = []
    for name, settings in sound:
        found = _class_faults(name, settings, class_names)
        faults += [f"{where}: labels: provider {name!r}: {fault}" for fault in found]
        if not found:
            links.append(ChainLink(provider=name, settings=settings, class_names=tuple(class_names)))
    return tuple(links), faults


def parse_chain(
    entries: Sequence[Mapping[str, object]], where: str, class_names: Sequence[str] = CLASS_NAMES
) -> tuple[ChainLink, ...]:
    """Return the chain that a survey's ``labels`` list states: ``{provider: mover, radius_arcsec: 2}``, ...

    Parameters
    ----------
    entries, where, class_names
        As of `examine_chain`, every fault of which is raised.
    """
    links, faults = examine_chain(entries, where, class_names)
    if faults:
        raise SettingsError("; ".join(faults))
    return links


def label_candidates(
    candidates: pd.DataFrame,
    chain: Sequence[ChainLink],
    tables: Mapping[str, pd.DataFrame],
    *,
    stated: bool = False,
) -> Labelling:
    """Return the candidates with ``label kind label_source``, and every disagreement between providers.

    Groups are joined, and the flag of disagreement is set. A detection's own label holds for it, and that of its object
    elsewhere, whichever is the stronger: neither overwrites the other, and the two do not contradict each other.

    Parameters
    ----------
    candidates : DataFrame
        Candidates of one night, whole exposures.
    chain : sequence of ChainLink
        The strongest provider first.
    tables : mapping
        Tables by the key of their `Reference`.
    stated : bool
        Whether the candidates come with labels, which hold where the chain says nothing.
    """
    labelled = candidates.copy()
    silent = alike(np.full(len(candidates), UNLABELLED, dtype=np.int8), "", "")
    total, guessed, said = silent, silent, {DETECTION: silent, OBJECT: silent}
    conflicts: list[pd.DataFrame] = []
    for link in chain:
        labelled["label"] = total.label  # a provider sees what the stronger ones said
        verdict = link.verdict(labelled, tables)
        if LABEL_PROVIDERS.metadata(link.provider).get("judges", True):
            against = _fill(said[link.of], guessed) if link.of else total
            conflicts.append(_conflicts(candidates["candidate_id"], against, verdict, label_names(link.class_names)))
        if link.of:
            said[link.of] = _fill(said[link.of], verdict)
        else:
            guessed = _fill(guessed, _where(total.label == UNLABELLED, verdict))
            said[DETECTION] = _fill(said[DETECTION], _where(total.label == said[DETECTION].label, verdict))
        total = _fill(said[DETECTION], said[OBJECT])
        if verdict.group is not None:
            group = labelled["group_id"].to_numpy(object)
            labelled["group_id"] = pd.Series(np.where(verdict.group == "", group, verdict.group), labelled.index)
    if stated:
        total = _fill(total, _stated(candidates))
    labelled["label"], labelled["kind"], labelled["label_source"] = total.label, total.kind, total.source
    empty = pd.DataFrame({"candidate_id": pd.Series(dtype="str"), "reason": pd.Series(dtype="str")})
    listed = pd.concat([empty, *(found for found in conflicts if len(found))], ignore_index=True)
    conflicting = labelled["candidate_id"].isin(listed["candidate_id"])
    labelled["flags"] = labelled["flags"].to_numpy() | np.where(conflicting, int(Flag.BORDERLINE_LABEL), 0)
    return Labelling(candidates=labelled, conflicts=listed)


def settle(labelling: Labelling, rule: Rule) -> NDArray[np.bool_]:
    """Return which candidates are kept, ``(n,)``, by the survey's rule for providers that disagree.

    Raises
    ------
    InputError
        If the rule is ``error`` and there is a disagreement; it names the first and how many there are.
    """
    conflicting = labelling.candidates["candidate_id"].isin(labelling.conflicts["candidate_id"]).to_numpy()
    if not conflicting.any():
        return ~conflicting
    first = labelling.conflicts.iloc[0]
    if rule == "error":
        raise InputError(
            f"candidate_id {first['candidate_id']!r}: {first['reason']} ({conflicting.sum()} of {len(conflicting)} "
            "candidates); `conflicts: stronger` lets the stronger win, `conflicts: drop` leaves such rows out"
        )
    done = "the stronger won" if rule == "stronger" else "the rows are dropped"
    log.info("%d of %d candidates: label providers disagree, %s", conflicting.sum(), len(conflicting), done)
    for _, row in labelling.conflicts.iterrows():
        log.debug("candidate %s: %s", row["candidate_id"], row["reason"])
    return ~conflicting if rule == "drop" else np.ones_like(conflicting)


def _knows_any_classes(provider: str) -> bool:
    """Tell whether a provider knows the classes of any survey; others tell real from bogus alone."""
    return bool(LABEL_PROVIDERS.metadata(provider).get("any_classes", False))


def _class_faults(provider: str, settings: object, class_names: Sequence[str]) -> list[str]:
    """Return what a provider says of classes that the survey does not have."""
    if isinstance(settings, NamesClasses):
        return settings.class_faults(class_names)
    if len(class_names) > len(CLASS_NAMES) and not _knows_any_classes(provider):
        able = ", ".join(name for name in LABEL_PROVIDERS if _knows_any_classes(name))
        return [
            f"it tells real from bogus, and the survey has {len(class_names)} classes: {', '.join(class_names)}; "
            f"allowed: {able}"
        ]
    return []


def _conflicts(ids: pd.Series, strong: Verdict, weak: Verdict, names: Mapping[int, str]) -> pd.DataFrame:
    """Return ``candidate_id reason`` of the rows on which two verdicts differ."""
    rows = np.flatnonzero((strong.label != UNLABELLED) & (weak.label != UNLABELLED) & (strong.label != weak.label))
    reasons = [
        f"label conflict: {strong.source[row]} says {names[int(strong.label[row])]}, "
        f"{weak.source[row]} says {names[int(weak.label[row])]}"
        for row in rows
    ]
    return pd.DataFrame({"candidate_id": ids.iloc[rows].to_numpy(object), "reason": reasons}, dtype="str")


def _stated(candidates: pd.DataFrame) -> Verdict:
    """Return the labels with which candidates come."""
    source, kind = (candidates[name].to_numpy(object) for name in ("label_source", "kind"))
    return Verdict(label=candidates["label"].to_numpy(np.int8), kind=kind, source=source)


def _where(kept: NDArray[np.bool_], verdict: Verdict) -> Verdict:
    """Return a verdict that says nothing of some rows."""
    return replace(
        verdict,
        label=np.where(kept, verdict.label, UNLABELLED).astype(np.int8),
        kind=np.where(kept, verdict.kind, ""),
        source=np.where(kept, verdict.source, ""),
    )


def _fill(strong: Verdict, weak: Verdict) -> Verdict:
    """Use the weaker verdict where the stronger provider gives none; use the kind of whichever knows it."""
    free = strong.label == UNLABELLED
    knows = ~np.isin(weak.kind.astype(str), ("", "unknown"))
    guesses = np.isin(strong.kind.astype(str), ("transient", "unknown"))
    vague = free | ((strong.label == weak.label) & guesses & knows)
    return replace(
        strong,
        label=np.where(free, weak.label, strong.label).astype(np.int8),
        kind=np.where(vague, weak.kind, strong.kind),
        source=np.where(free, weak.source, strong.source),
    )
