"""The page of a comparison: verdict, differences, who changes side, what a night would gain and lose.

Tested by tests/pipeline/stages/test_compare_models.py.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES
from pipeline.metrics import METRICS
from pipeline.plots.data import Mistakes
from pipeline.report.candidates import pictures
from pipeline.report.compare.data import CHANGES
from pipeline.report.html_templates import html_template
from pipeline.report.page import flat
from pipeline.report.wording import difference, significant, worded


def comparison_page(numbers: Mapping[str, Any], galleries: Mapping[str, Mistakes | None]) -> str:
    """Return the page of a comparison as HTML; what comes from data is escaped, and nothing is loaded from elsewhere.

    Parameters
    ----------
    numbers : mapping
        From `comparison_numbers`.
    galleries : mapping of str to Mistakes or None
        Rows that change side in each of the ways of `CHANGES`, with their cutouts.
    """
    return html_template("compare/page.html").render(
        numbers=numbers,
        metrics=list(_metrics(numbers)),
        findings=sorted(numbers["gate"]["findings"], key=lambda one: ["refuse", "warn", "pass"].index(one["verdict"])),
        refused=sum(one["verdict"] == "refuse" for one in numbers["gate"]["findings"]),
        changes=[
            {"name": name, "title": title, "n": _counted(numbers, name), "entries": list(_entries(galleries[name]))}
            for name, title in CHANGES.items()
        ],
        classes=CLASS_NAMES,
        provenance=list(flat(numbers["provenance"])),
    )


def _metrics(numbers: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """Yield each metric of both models with its paired difference, those without a value for both left out."""
    for name, interval in numbers["differences"].items():
        metric, sides = METRICS[name], [numbers[side]["metrics"].get(name) for side in ("champion", "challenger")]
        if None not in sides:
            yield {
                "title": metric.title,
                "better": "higher" if metric.larger_is_better else "lower",
                "sides": [worded(side, metric.unit) for side in sides],
                "difference": difference(metric, interval),
            }


def _counted(numbers: Mapping[str, Any], change: str) -> int:
    of_class, _, way = change.partition("_")
    alone = "challenger_alone" if way in ("gained", "let_in") else "champion_alone"
    return int(numbers["changes"][of_class][alone])


def _entries(shown: Mistakes | None) -> Iterator[dict[str, object]]:
    if shown is None:
        return
    for place, row in enumerate(shown.rows.to_dict("records")):
        images: NDArray[np.float32] | None = None if shown.cutouts is None else shown.cutouts[place]
        facts = [str(row[name]) for name in ("kind", "band", "night") if str(row.get(name) or "")]
        if np.isfinite(float(row.get("magnitude") or "nan")):
            facts.append(f"{row['magnitude']:.1f} mag")
        yield {
            "candidate_id": row["candidate_id"],
            "champion": significant(float(row["score_champion"]), 3),
            "challenger": significant(float(row["score_challenger"]), 3),
            "facts": ", ".join(facts),
            "images": [] if images is None else list(pictures(shown.channels, images)),
        }
