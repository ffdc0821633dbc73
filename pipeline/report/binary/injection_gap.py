"""What the report says of the gap between injected and other reals: its parts as numbers, in words, and by kind.

Tested by tests/pipeline/report/binary/test_injection_gap.py.
"""

from collections.abc import Mapping
from typing import TypedDict

from pipeline.metrics.injection_parts import FPR, InjectionParts, injection_parts
from pipeline.plots.data import ReportData
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.metrics_json import IntervalNumbers
from pipeline.report.wording import POINTS, per_cent, worded
from pipeline.rng import stream

COLUMNS = {"snr": "signal to noise", "magnitude": "magnitude", "": ""}
"""What the columns are called in which injections are matched to the reals."""


class KindNumbers(TypedDict):
    """Shares found of one kind, as `pipeline.metrics.injection_parts.FoundOfKind` has them."""

    injected_as: list[str]
    n_real: int
    n_injected: int
    found_real: float | None
    found_injected: float | None
    gap: IntervalNumbers
    matched: IntervalNumbers


class GapNumbers(TypedDict, total=False):
    """The gap of the classifier at a false positive rate and its parts; empty if nothing is injected."""

    fpr: float
    threshold: float
    gap: IntervalNumbers
    wrong_labels: IntervalNumbers
    kinds_never_injected: IntervalNumbers
    other_mixture: IntervalNumbers
    left: IntervalNumbers
    rows: dict[str, int]
    found: dict[str, float | None]
    never_injected: list[str]
    matched_by: str
    kinds: dict[str, KindNumbers]


def measure_gap(data: ReportData, how: Bootstrap) -> dict[str, object]:
    """Return the gap of the judged classifier and its parts; empty if there is none.

    Parameters
    ----------
    data : ReportData
        Its scores, and what the candidates truly are if that is known.
    how : Bootstrap
        How many samples of groups, and the seed.
    """
    rng = stream(how.seed, "report injection parts", data.classifier)
    judged = data.judged(data.classifier)
    parts = injection_parts(
        judged, data.truth, replicates=how.replicates, level=how.level, binned_above=how.binned_above, rng=rng
    )
    return {} if parts is None else _numbers(parts)


def _numbers(parts: InjectionParts) -> dict[str, object]:
    stated = {name: value for name, value in vars(parts).items() if name != "kinds"}
    kinds = {one.kind: {name: value for name, value in one._asdict().items() if name != "kind"} for one in parts.kinds}
    return {"fpr": FPR, **stated, "kinds": kinds}


def gap_words(gap: GapNumbers) -> str:
    """Return in one sentence what the gap is made of; empty if there is none."""
    if not gap:
        return ""
    found = gap["found"]
    words = (
        f"At a false positive rate of {per_cent(gap['fpr'], 0)}, {per_cent(found['injected'])} of the injected and "
        f"{per_cent(found['real'])} of the other reals are found, {_points(gap['gap'])} less: "
    )
    return words + ", ".join(filter(None, (_labels(gap), _kinds(gap), _mixture(gap), _left(gap)))) + "."


def _labels(gap: GapNumbers) -> str:
    if gap["wrong_labels"]["value"] is None:
        return "how much of this is wrong labels is not known"
    return f"{_points(gap['wrong_labels'])} of this are reals that truly are none"


def _kinds(gap: GapNumbers) -> str:
    if not gap["never_injected"]:
        return ""
    kinds = ", ".join(gap["never_injected"])
    return f"{_points(gap['kinds_never_injected'])} are kinds that are never injected ({kinds})"


def _mixture(gap: GapNumbers) -> str:
    if gap["left"]["value"] is None:
        return ""
    column = f" and {COLUMNS[gap['matched_by']]}" if gap["matched_by"] else ""
    return f"{_points(gap['other_mixture'])} are the injections' other mixture of kind, sign{column}"


def _left(gap: GapNumbers) -> str:
    left = worded(gap["left"], POINTS)
    if gap["left"]["value"] is None:
        return "and nothing injected is like the rest"
    spread = f" ({left['spread']})" if left["spread"] else ""
    return f"and {left['value']}{spread} are left between sources that should be alike"


def _points(interval: IntervalNumbers) -> str:
    return worded(interval, POINTS)["value"]


def gap_rows(gap: GapNumbers) -> list[Mapping[str, object]]:
    """Return the table of the gap by kind: numbers of rows, shares found, differences in words."""
    return [
        {
            "kind": kind,
            **one,
            "injected_as": ", ".join(one["injected_as"]) or "never injected",
            "gap": worded(one["gap"], POINTS),
            "matched": worded(one["matched"], POINTS),
        }
        for kind, one in gap.get("kinds", {}).items()
    ]
