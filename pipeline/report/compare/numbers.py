"""The numbers of a comparison, as ``comparison.json`` has them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, cast

import numpy as np
import pandas as pd
from scipy import stats

from pipeline.classes import BOGUS, REAL
from pipeline.metrics import METRICS, groups_of, paired_differences
from pipeline.metrics.binning import STRATA, in_order, is_empty, part_rows
from pipeline.recipes.report import ReportRecipe
from pipeline.report.binary.gate import Champion, judge, may_go_live
from pipeline.report.binary.gate_rules import GateRules
from pipeline.report.binary.measures import rows_digest
from pipeline.report.binary.numbers import BinaryNumbers
from pipeline.report.bootstrap import LEVEL, Bootstrap
from pipeline.report.compare.data import CHANGES, Comparison, Side, calls, changes
from pipeline.report.metrics_json import Bounds
from pipeline.report.plain import plain
from pipeline.rng import stream

SCHEMA: Final = 1
"""Of ``comparison.json``."""

_PER_NIGHT: Final = ("candidates_per_night", "called_real_per_night", "bogus_among_them", "real_missed_per_night")


def comparison_numbers(
    comparison: Comparison, how: Bootstrap, rules: GateRules, provenance: Mapping[str, object]
) -> dict[str, Any]:
    """Return the numbers of a comparison, of plain types.

    Parameters
    ----------
    comparison : Comparison
        The two models on the same rows.
    how : Bootstrap
        How many samples of groups, and the seed.
    rules : GateRules
        By which the challenger may go live.
    provenance : mapping
        How the comparison comes about.
    """
    rows = comparison.rows
    differences = plain(_differences(rows, how))
    paired = cast("Mapping[str, Bounds]", differences)
    champion = Champion(name=comparison.champion.name, numbers=comparison.champion.numbers, paired=paired)
    challenger = comparison.challenger
    judged: BinaryNumbers = {**challenger.numbers, "classifier": challenger.name}
    findings = judge(judged, rules, champion)
    found = {
        "schema": SCHEMA,
        "kind": "comparison",
        "survey": comparison.challenger.numbers["survey"],
        "champion": _side(comparison.champion),
        "challenger": _side(comparison.challenger),
        "rows": {
            "both": len(rows),
            "only_one": comparison.only_one,
            "real": int((rows["label"] == REAL).sum()),
            "bogus": int((rows["label"] == BOGUS).sum()),
            "groups": len(np.unique(groups_of(rows))),
            "sha256": rows_digest(rows),
        },
        "interval": how.facts(),
        "differences": differences,
        "changes": _changes(comparison),
        "strata": _strata(comparison).to_dict("records"),
        "night": _night(comparison),
        "gate": {"promote": may_go_live(findings), "findings": [asdict(finding) for finding in findings]},
        "provenance": dict(provenance),
    }
    told = plain(found)
    return told if isinstance(told, dict) else {}


def _differences(rows: pd.DataFrame, how: Bootstrap) -> dict[str, object]:
    """Return challenger minus champion for each metric, from the same samples of groups."""
    return dict(
        paired_differences(
            rows["label"],
            rows["score_challenger"],
            rows["score_champion"],
            groups_of(rows),
            metrics=list(METRICS),
            replicates=how.replicates,
            level=LEVEL,
            rng=stream(how.seed, "comparison", "differences"),
        )
    )


def _side(side: Side) -> dict[str, object]:
    model = side.numbers["models"][side.name]
    at = model["at_threshold"]
    return {
        "name": side.name,
        "report": side.place,
        "threshold": model["threshold"],
        "threshold_rule": model["threshold_rule"],
        "recall": at["recall"],
        "fpr": at["fpr"],
        "metrics": model["metrics"],
    }


def _changes(comparison: Comparison) -> dict[str, dict[str, object]]:
    """Return how many rows of each class both call real, one of them, and none, with the sign test of groups."""
    champion, challenger = calls(comparison.rows, comparison)
    found: dict[str, dict[str, object]] = {}
    for name, label in (("real", REAL), ("bogus", BOGUS)):
        own = comparison.rows["label"] == label
        found[name] = {
            "both": int((champion & challenger & own).sum()),
            "challenger_alone": int((challenger & ~champion & own).sum()),
            "champion_alone": int((champion & ~challenger & own).sum()),
            "neither": int((~champion & ~challenger & own).sum()),
            "p": _sign_test((challenger.astype(int) - champion.astype(int))[own], groups_of(comparison.rows[own])),
        }
    return found


def _sign_test(apart: pd.Series, groups: np.ndarray) -> float:
    """Return how probable such an imbalance of changes is by chance; the rows of a group count as one vote.

    It is the exact test of McNemar (1947) over independent groups; 1 if nothing changes.
    """
    votes = apart.groupby(groups).sum()
    gained, lost = int((votes > 0).sum()), int((votes < 0).sum())
    return float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def _strata(comparison: Comparison) -> pd.DataFrame:
    """Return, for each stratum in which a row changes side, how many do and in which way."""
    rows, changed = comparison.rows, changes(comparison)
    found = []
    for name in sorted(STRATA, key=lambda name: STRATA.metadata(name)["place"]):
        rule = STRATA[name]
        if rule.column not in rows or is_empty(rows[rule.column]):
            continue
        of_stratum, low, _ = part_rows(rows[rule.column], rule, None, ReportRecipe.stratum_bins)
        table = pd.crosstab(pd.Series(np.asarray(of_stratum), rows.index, name="stratum"), changed)
        sizes = pd.Series(np.asarray(of_stratum)).value_counts()
        for stratum, counted in table.loc[in_order(of_stratum, low)].iterrows():
            of_change = {change: int(counted.get(change, 0)) for change in CHANGES}
            if any(of_change.values()):
                found.append({"column": name, "stratum": str(stratum), "n": int(sizes[stratum]), **of_change})
    return pd.DataFrame(found, columns=["column", "stratum", "n", *CHANGES])


def _night(comparison: Comparison) -> dict[str, object]:
    """Return what a night would gain and lose: at the survey's base rate, and counted where both scored a night."""
    expected = {
        side: {key: of.numbers["models"][of.name]["survey"].get(key) for key in _PER_NIGHT}
        for side, of in (("champion", comparison.champion), ("challenger", comparison.challenger))
    }
    if comparison.of_night is None:
        return {"expected": expected}
    champion, challenger = calls(comparison.of_night, comparison)
    counted = {
        "night": comparison.night,
        "candidates": len(comparison.of_night),
        "both": int((champion & challenger).sum()),
        "gained": int((challenger & ~champion).sum()),
        "lost": int((champion & ~challenger).sum()),
        "neither": int((~champion & ~challenger).sum()),
    }
    return {"expected": expected, "counted": counted}
