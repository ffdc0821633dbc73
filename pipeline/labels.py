"""Labels: a chain of providers, the strongest first; every row keeps who labelled it.

A provider looks at candidates and a reference table and says real, bogus or nothing for each. The chain
takes the first word; where a weaker provider disagrees, the row gets the flag ``BORDERLINE_LABEL``.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.crossmatch import nearest
from pipeline.errors import InputError, SettingsError
from pipeline.quality import Flag
from pipeline.registry import Registry
from pipeline.rng import stream
from pipeline.settings import parse

log = logging.getLogger(__name__)

NONE, BOGUS, REAL = -1, 0, 1


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a provider says of each candidate.

    Attributes
    ----------
    label : ndarray of int8, (n,)
        1 real, 0 bogus, -1 no word.
    kind : ndarray of str, (n,)
        What the thing is: ``mover``, ``variable``, ``transient``, ``bogus``; empty without a word.
    source : ndarray of str, (n,)
        Who says so.
    group : ndarray of str, (n,), optional
        What rows of other objects may be as well, such as one mover on its way; empty for nothing.
    """

    label: NDArray[np.int8]
    kind: NDArray[np.object_]
    source: NDArray[np.object_]
    group: NDArray[np.object_] | None = None


@dataclass(frozen=True, kw_only=True)
class ListLabels:
    """Labels from a table of ids: a database list, an eyeballing log, or, with ``file``, a CSV file."""

    table: str
    file: str = ""
    source: str = ""
    real_kind: str = "transient"


@dataclass(frozen=True, kw_only=True)
class MoverLabels:
    """A candidate at the predicted place of a solar-system object is real."""

    table: str = "movers"
    radius_arcsec: float = 2.0


@dataclass(frozen=True, kw_only=True)
class VariableLabels:
    """A candidate at the place of a catalogued variable star is real."""

    table: str = "variables"
    radius_arcsec: float = 1.0


@dataclass(frozen=True, kw_only=True)
class TeacherLabels:
    """Another classifier's confident scores; stated as such, and never used to judge."""

    table: str = "teacher"
    real_from: float = 0.9
    bogus_below: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.bogus_below <= self.real_from <= 1:
            raise SettingsError(
                f"bogus_below {self.bogus_below} and real_from {self.real_from}; allowed: 0 <= bogus_below <= "
                "real_from <= 1"
            )


@dataclass(frozen=True, kw_only=True)
class BogusDraw:
    """A seeded share of what nobody labelled is called bogus: a stated, contaminated choice."""

    table: str = ""
    share: float = 0.1
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise SettingsError(f"share is {self.share}; allowed: 0 to 1")


Provider = Callable[[pd.DataFrame, pd.DataFrame, Any], Verdict]
LABEL_PROVIDERS: Registry[Provider] = Registry("label provider")


@LABEL_PROVIDERS.register("list", settings=ListLabels)
def list_labels(candidates: pd.DataFrame, table: pd.DataFrame, settings: ListLabels) -> Verdict:
    """Join a list by ``candidate_id``; an id that stands there twice with different labels is an error."""
    _need(table, ("candidate_id", "label"), settings.table)
    bad = ~table["label"].isin([BOGUS, REAL, NONE])
    if bad.any():
        row = table[bad].iloc[0]
        raise InputError(
            f"labels {settings.table!r}: candidate_id {row['candidate_id']!r} has label {str(row['label'])!r}; "
            "allowed: 1 (real), 0 (bogus), -1 (none)"
        )
    spoken = table[table["label"] != NONE].drop_duplicates(["candidate_id", "label"])
    twice = spoken["candidate_id"][spoken["candidate_id"].duplicated()]
    if len(twice):
        raise InputError(f"labels {settings.table!r}: candidate_id {twice.iloc[0]!r} is both real and bogus")
    found = spoken.set_index("candidate_id").reindex(candidates["candidate_id"])
    label = found["label"].fillna(NONE).to_numpy(np.int8)
    kinds = {REAL: settings.real_kind, BOGUS: "bogus", NONE: ""}
    kind = _given(found, "kind", np.array([kinds[value] for value in label.tolist()], dtype=object))
    source = _given(found, "label_source", np.full(len(label), settings.source or settings.table, dtype=object))
    return _verdict(label, kind, source)


def _given(found: pd.DataFrame, column: str, otherwise: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return a text column where the table has one and says something, else what is said otherwise."""
    if column not in found:
        return otherwise
    said = found[column].fillna("").to_numpy(object)
    return np.where(said == "", otherwise, said)


def _need(table: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    absent = [column for column in columns if column not in table]
    if absent:
        raise InputError(f"labels {name!r}: column {absent[0]!r} is missing; there: {', '.join(table) or 'none'}")


@LABEL_PROVIDERS.register("mover", settings=MoverLabels)
def mover_labels(candidates: pd.DataFrame, table: pd.DataFrame, settings: MoverLabels) -> Verdict:
    """Match each exposure's candidates to the ephemeris of that exposure; a mover's rows are one group."""
    _need(table, ("exposure_id", "ra_deg", "dec_deg"), settings.table)
    label = np.full(len(candidates), NONE, dtype=np.int8)
    group = np.full(len(candidates), "", dtype=object)
    for exposure_id, rows in candidates.groupby("exposure_id").indices.items():
        here = table[table["exposure_id"] == exposure_id]
        which = _near(candidates.iloc[rows], here, settings.radius_arcsec)
        matched = rows[which >= 0]
        label[matched] = REAL
        if "mover_id" in here:
            group[matched] = [f"mover {name}" for name in here["mover_id"].to_numpy(object)[which[which >= 0]]]
    return replace(_same(label, "mover", "mover"), group=group)


@LABEL_PROVIDERS.register("variable", settings=VariableLabels)
def variable_labels(candidates: pd.DataFrame, table: pd.DataFrame, settings: VariableLabels) -> Verdict:
    """Match candidates to a catalogue of variable stars."""
    _need(table, ("ra_deg", "dec_deg"), settings.table)
    label = np.full(len(candidates), NONE, dtype=np.int8)
    label[_near(candidates, table, settings.radius_arcsec) >= 0] = REAL
    return _same(label, "variable", "variable")


@LABEL_PROVIDERS.register("teacher", settings=TeacherLabels)
def teacher_labels(candidates: pd.DataFrame, table: pd.DataFrame, settings: TeacherLabels) -> Verdict:
    """Take the ends of another classifier's score, column ``score``."""
    _need(table, ("candidate_id", "score"), settings.table)
    score = table.drop_duplicates("candidate_id").set_index("candidate_id")["score"]
    score = score.reindex(candidates["candidate_id"]).to_numpy(float)
    label = np.full(len(candidates), NONE, dtype=np.int8)
    label[score >= settings.real_from] = REAL
    label[score < settings.bogus_below] = BOGUS
    return _same(label, "unknown", "teacher")


@LABEL_PROVIDERS.register("bogus_draw", settings=BogusDraw, judges=False)
def bogus_draw(candidates: pd.DataFrame, table: pd.DataFrame, settings: BogusDraw) -> Verdict:  # noqa: ARG001
    """Draw each candidate by its own id, so that a larger night never changes who was drawn."""
    draws = [stream(settings.seed, "bogus_draw", name).random() for name in candidates["candidate_id"]]
    drawn = np.asarray(draws) < settings.share
    return _same(np.where(drawn, BOGUS, NONE).astype(np.int8), "bogus", "bogus_draw")


@dataclass(frozen=True, kw_only=True)
class ChainLink:
    """One provider of a chain with its settings, the strongest first."""

    provider: str
    settings: Any

    @property
    def file(self) -> str:
        """The label file that the link reads, or empty."""
        return str(getattr(self.settings, "file", ""))

    @property
    def reads(self) -> str:
        """What the link reads: a label file, else a reference table of the survey, else nothing."""
        return self.file or str(self.settings.table)


def parse_chain(entries: Sequence[Mapping[str, object]], where: str) -> tuple[ChainLink, ...]:
    """Return the chain that a survey's ``labels`` list states: ``{provider: mover, radius_arcsec: 2}``, ..."""
    links = []
    for index, entry in enumerate(entries):
        place = f"{where}: labels[{index}]"
        if "provider" not in entry:
            raise SettingsError(f"{place}: 'provider' is missing; known: {', '.join(LABEL_PROVIDERS)}")
        name = str(entry["provider"])
        kind = LABEL_PROVIDERS.metadata(name)["settings"]
        rest = {key: value for key, value in entry.items() if key != "provider"}
        links.append(ChainLink(provider=name, settings=parse(kind, rest, place)))
    return tuple(links)


def apply_chain(
    candidates: pd.DataFrame, chain: Sequence[ChainLink], tables: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return the candidates with ``label kind label_source``, groups joined, the flag of disagreement set.

    Parameters
    ----------
    candidates : DataFrame
        Candidates of one night.
    chain : sequence of ChainLink
        The strongest provider first.
    tables : mapping
        Reference tables by `ChainLink.reads`.
    """
    labelled = candidates.copy()
    total = _same(np.full(len(candidates), NONE, dtype=np.int8), "", "")
    conflict = np.zeros(len(candidates), dtype=bool)
    for link in chain:
        table = tables.get(link.reads, pd.DataFrame())
        verdict = LABEL_PROVIDERS[link.provider](candidates, table, link.settings)
        if LABEL_PROVIDERS.metadata(link.provider).get("judges", True):
            conflict |= (total.label != NONE) & (verdict.label != NONE) & (total.label != verdict.label)
        total = _fill(total, verdict)
        if verdict.group is not None:
            group = labelled["group_id"].to_numpy(object)
            labelled["group_id"] = pd.Series(np.where(verdict.group == "", group, verdict.group), labelled.index)
    labelled["label"], labelled["kind"], labelled["label_source"] = total.label, total.kind, total.source
    labelled["flags"] = labelled["flags"].to_numpy() | np.where(conflict, int(Flag.BORDERLINE_LABEL), 0)
    if conflict.any():
        log.info("%d of %d candidates: label providers disagree, the stronger won", conflict.sum(), len(conflict))
    return labelled


def _fill(strong: Verdict, weak: Verdict) -> Verdict:
    """Take the weaker word where the stronger has none; a kind is taken from whoever knows it."""
    free = strong.label == NONE
    knows = ~np.isin(weak.kind.astype(str), ("", "unknown"))
    guesses = np.isin(strong.kind.astype(str), ("transient", "unknown"))
    vague = free | ((strong.label == weak.label) & guesses & knows)
    return replace(
        strong,
        label=np.where(free, weak.label, strong.label).astype(np.int8),
        kind=np.where(vague, weak.kind, strong.kind),
        source=np.where(free, weak.source, strong.source),
    )


def _near(candidates: pd.DataFrame, table: pd.DataFrame, radius_arcsec: float) -> NDArray[np.intp]:
    """Return the row of the table nearest to each candidate, -1 where none is within the radius."""
    place = (candidates["ra_deg"].to_numpy(float), candidates["dec_deg"].to_numpy(float))
    which, separation = nearest(*place, table["ra_deg"].to_numpy(float), table["dec_deg"].to_numpy(float))
    return np.where(separation <= radius_arcsec, which, -1)


def _verdict(label: NDArray[np.int8], kind: NDArray[np.object_], source: NDArray[np.object_]) -> Verdict:
    silent = label == NONE
    return Verdict(label=label, kind=np.where(silent, "", kind), source=np.where(silent, "", source))


def _same(label: NDArray[np.int8], kind: str, source: str) -> Verdict:
    return _verdict(label, np.full(len(label), kind, dtype=object), np.full(len(label), source, dtype=object))
