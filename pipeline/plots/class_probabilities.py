"""What probabilities of many classes are worth: their reliability, and what is left where they are high enough."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline.metrics.abstention import ABSTENTION_COLUMNS, abstention
from pipeline.plots.class_data import ClassReportData, class_plot
from pipeline.plots.class_grid import class_panels, left_and_bottom, more_classes
from pipeline.plots.data import PlotResult, stacked
from pipeline.plots.style import BOGUS_COLOUR, MUTED, REAL_COLOUR, marker_style, model_style, no_data, per_cent
from pipeline.scores.class_reliability import TOP_CLASS, class_reliability

CALLED = "the called class"


@class_plot(
    "class_reliability",
    title="Reliability of the probabilities",
    caption="On the diagonal, eight in ten rows with a probability of 0.8 belong to the class; below it probabilities "
    "are too high, above it too low. First panel: the largest probability and how often it is right. Bars: 68 % "
    "intervals that count each row once.",
)
def reliability(data: ClassReportData) -> PlotResult:
    """Draw the share of rows that belong to a class against its mean probability, for the called and every class."""
    figure, free, of_class = class_panels(data, first=1)
    free[0].set_title(CALLED)
    panels_of = {TOP_CLASS: free[0], **of_class}
    tables, notes = [], []
    for place, model in enumerate(data.scores):
        rows = data.judged(model)
        if rows.empty:
            notes.append(f"{model}: no labelled, scored rows")
            continue
        table = class_reliability(rows["label"], data.chances(rows))
        for index, panel in panels_of.items():
            _reliability_line(panel, table[(table["class_index"] == index) & (table["n"] > 0)], place, model)
        names = {TOP_CLASS: CALLED, **dict(enumerate(data.class_names))}
        tables.append(table.assign(model=model, **{"class": table["class_index"].map(names)}))
    for panel, left, bottom in left_and_bottom(list(panels_of.values())):
        panel.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
        panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        panel.set(xlabel="probability" if bottom else "", ylabel="share of the class" if left else "")
    note = "; ".join(filter(None, [*notes, more_classes(data)]))
    if not tables:
        for panel in panels_of.values():
            no_data(panel, "no rows")
        return PlotResult(figure=figure, table=pd.DataFrame(columns=["model", "class"]), note=note)
    free[0].legend(loc="upper left", fontsize=8)
    return PlotResult(figure=figure, table=pd.concat(tables, ignore_index=True), note=note)


@class_plot(
    "abstention",
    title="Saying nothing where no class is probable enough",
    caption="Rows whose largest probability is below the threshold are dropped. Precision rises; recall falls, because "
    "a dropped row counts as missed (the thin line counts the kept rows alone, and flatters). First panel: the share "
    "of all rows that is kept.",
)
def abstention_curves(data: ClassReportData) -> PlotResult:
    """Draw kept share, precision and recall of the judged classifier against the least probability of the call."""
    figure, free, of_class = class_panels(data, first=1)
    rows, columns = data.judged(data.classifier), ["model", "class", *ABSTENTION_COLUMNS]
    if rows.empty:
        note = f"{data.classifier}: no labelled, scored rows"
        for panel in (*free, *of_class.values()):
            no_data(panel, note)
        return PlotResult(figure=figure, table=pd.DataFrame(columns=columns), note=note)
    found = abstention(rows["label"], data.chances(rows))
    names = np.array(data.class_names, dtype=object)
    table = found.assign(model=data.classifier, **{"class": names[found["class_index"]]})
    kept = table[table["class_index"] == 0]
    free[0].plot(kept["threshold"], kept["kept"], color=MUTED)
    free[0].set_title("rows kept")
    for index, panel in of_class.items():
        of = table[table["class_index"] == index]
        panel.plot(of["threshold"], of["precision"], color=REAL_COLOUR, label="precision")
        panel.plot(of["threshold"], of["recall"], color=BOGUS_COLOUR, linestyle="--", label="recall")
        panel.plot(
            of["threshold"], of["recall_of_kept"], color=BOGUS_COLOUR, linewidth=0.8, label="recall of kept rows"
        )
    for panel, left, bottom in left_and_bottom([*free, *of_class.values()]):
        panel.set(xlim=(0, 1), ylim=(-0.02, 1.03))
        panel.set(xlabel="least probability" if bottom else "", ylabel="share" if left else "")
        per_cent(panel.yaxis)
    of_class[0].legend(loc="lower left", fontsize=8)
    return PlotResult(figure=figure, table=stacked([table], columns), note=more_classes(data))


def _reliability_line(panel: Axes, filled: pd.DataFrame, place: int, model: str) -> None:
    share = filled["fraction_real"].to_numpy(float)
    spread = np.clip([share - filled["fraction_low"], filled["fraction_high"] - share], 0, None)
    panel.errorbar(
        filled["score_mean"], share, spread, label=model, markersize=4, elinewidth=1, linewidth=1.3,
        linestyle=model_style(place)["linestyle"], **marker_style(place),
    )  # fmt: skip
