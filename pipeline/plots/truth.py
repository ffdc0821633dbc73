"""What the judged candidates truly are, and what the classifier called them."""

import numpy as np
import pandas as pd

from pipeline.classes import BOGUS, REAL
from pipeline.plots.data import PlotResult, ReportData, part_rows
from pipeline.plots.style import BOGUS_COLOUR, REAL_COLOUR, legend_entries, no_data, panels, per_cent, plot


@plot(
    "truth",
    title="What the candidates truly are",
    caption="One bar per kind: the scored candidates of the judged part that are truly of this kind, and how many of "
    "them the classifier called real. Sources that were never detected are included only if the truth table lists "
    "them without a candidate. The truth table is used only for evaluation.",
)
def truth(data: ReportData) -> PlotResult:
    """Draw for each kind of the truth table how many were called real, were rejected, and were never candidates."""
    table = _truth_table(data)
    figure, axes = panels(1, 1, width=7.0, height=1.4 + 0.36 * max(len(table), 3))
    panel = axes[0, 0]
    if table.empty:
        note = "no truth table; only a synthetic sky has one" if data.truth is None else "no row of it is scored"
        no_data(panel, note)
        return PlotResult(figure=figure, table=table, note=note)
    left = np.zeros(len(table))
    total = table[["called_real", "rejected", "not_detected"]].sum(axis=1).to_numpy(dtype=float)
    for column, label, colour, hatch in (
        ("called_real", f"called {data.class_names[REAL]}", REAL_COLOUR, ""),
        ("rejected", f"called {data.class_names[BOGUS]}", BOGUS_COLOUR, "//"),
        *((("not_detected", "not a candidate", "#c9ced4", ".."),) if table["not_detected"].any() else ()),
    ):
        share = table[column].to_numpy(dtype=float) / np.maximum(total, 1)
        panel.barh(
            range(len(table)),
            share,
            left=left,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
            label=label,
        )
        left += share
    names = [f"{kind}  ({int(n)})" for kind, n in zip(table["kind"], total, strict=True)]
    panel.set_yticks(range(len(table)), names)
    for tick, real in zip(panel.get_yticklabels(), table["is_real"], strict=True):
        tick.set_color(REAL_COLOUR if real else BOGUS_COLOUR)
    panel.set(
        xlim=(0, 1), ylim=(len(table) - 0.4, -0.6), xlabel="share of the kind (blue names are real, orange bogus)"
    )
    per_cent(panel.xaxis)
    panel.grid(visible=False, axis="y")
    handles, labels = legend_entries([panel])
    figure.legend(handles, labels, loc="outside upper left", ncols=3)
    unscored, unnamed = int(table["not_scored"].sum()), _scored_without_truth(data)
    notes = [f"{unscored} candidates of the truth table are not scored in this part and not shown"] if unscored else []
    if unnamed:
        notes.append(
            f"{unnamed} scored candidates of this part, such as injected ones, are not in the truth table and not shown"
        )
    return PlotResult(figure=figure, table=table, note="; ".join(notes))


def _scored_without_truth(data: ReportData) -> int:
    scored = part_rows(data.scores[data.classifier], data.part).drop_duplicates("candidate_id")
    scored = scored[np.isfinite(scored["score"].astype(float))]
    named = set() if data.truth is None else set(data.truth["candidate_id"].dropna().astype(str))
    return int((~scored["candidate_id"].astype(str).isin(named)).sum())


def _truth_table(data: ReportData) -> pd.DataFrame:
    columns = ["kind", "is_real", "n", "called_real", "rejected", "not_detected", "not_scored"]
    if data.truth is None or data.truth.empty:
        return pd.DataFrame(columns=columns)
    scored = part_rows(data.scores[data.classifier], data.part).drop_duplicates("candidate_id")
    ids = data.truth["candidate_id"].astype(object).where(data.truth["candidate_id"].notna(), "").astype(str)
    score = ids.map(scored.set_index(scored["candidate_id"].astype(str))["score"].astype(float)).to_numpy(dtype=float)
    rows = pd.DataFrame(
        {
            "kind": data.truth["kind"].astype(str).to_numpy(),
            "is_real": data.truth["is_real"].to_numpy(dtype=bool),
            "n": 1,
            "called_real": score >= data.threshold(data.classifier),
            "rejected": score < data.threshold(data.classifier),
            "not_detected": (ids == "").to_numpy(),
        }
    )
    rows["not_scored"] = ~(rows["called_real"] | rows["rejected"] | rows["not_detected"])
    counted = rows.groupby(["kind", "is_real"], as_index=False).sum()
    counted = counted.astype(dict.fromkeys(columns[2:], int))
    shown = counted[counted["n"] > counted["not_scored"]]
    return shown.sort_values(["is_real", "kind"], ascending=[False, True], ignore_index=True)[columns]
