"""Recall at K: the share of a class among the rows that its probability ranks first."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.metrics import binomial_interval
from pipeline.metrics.recall_at import recall_at
from pipeline.plots.class_data import ClassReportData, class_plot
from pipeline.plots.class_grid import class_panels, left_and_bottom, more_classes
from pipeline.plots.data import PlotResult, stacked
from pipeline.plots.style import MUTED, log_counts, model_style, no_data

MOST_PLACES = 60
"""A curve has at most about as many points, evenly spaced in the logarithm of K."""

LEVEL = 0.68
COLUMNS = ["model", "class_index", "class", "places", "recall", "low", "high"]


@class_plot(
    "class_recall_at",
    title="Recall of each class among the first K",
    caption="If the first K rows by the probability of a class are looked at, this share of the class is among them; "
    "with bands of 68 % over its rows. The dotted line is the best ranking that there could be, and it meets 1 where K "
    "is the number of rows of the class.",
)
def class_recall_at(data: ClassReportData) -> PlotResult:
    """Draw one panel per class with the curve of each model."""
    judged = {model: data.judged(model) for model in data.scores}
    notes = [f"{model}: no labelled, scored rows" for model, rows in judged.items() if rows.empty]
    figure, _, of_class = class_panels(data)
    for panel, left, bottom in left_and_bottom(list(of_class.values())):
        panel.set(xscale="log", ylim=(-0.02, 1.04))
        log_counts(panel.xaxis)
        panel.set(xlabel="rows looked at, K" if bottom else "", ylabel="recall" if left else "")
    curves = []
    for index, panel in of_class.items():
        drawn = False
        for place, (model, rows) in enumerate(judged.items()):
            own = (rows["label"] == index).to_numpy()
            if not own.any():
                continue
            curve = _curve(own, data.chances(rows)[:, index])
            curves.append(curve.assign(model=model, class_index=index, **{"class": data.class_names[index]}))
            color = model_style(place)["color"]
            panel.plot(curve["places"], curve["recall"], label=model, linewidth=1.6, **model_style(place))
            panel.fill_between(curve["places"], curve["low"], curve["high"], color=color, alpha=0.15, linewidth=0)
            if not drawn:
                best = np.minimum(curve["places"] / own.sum(), 1.0)
                panel.plot(curve["places"], best, color=MUTED, linewidth=1, linestyle=":", label="best possible")
            drawn = True
        if not drawn:
            no_data(panel, "no rows of it")
    first = next((panel for panel in of_class.values() if panel.get_legend_handles_labels()[0]), None)
    if first is not None:
        first.legend(loc="upper left", fontsize=8)
    notes.append(more_classes(data))
    return PlotResult(figure=figure, table=stacked(curves, COLUMNS), note="; ".join(filter(None, notes)))


def _curve(own: NDArray[np.bool_], chances: NDArray[np.float64]) -> pd.DataFrame:
    """Return recall among the first K rows, with its interval, for K from 1 to all rows."""
    places = np.unique(np.geomspace(1, len(own), MOST_PLACES).round().astype(int))
    recall = np.array([recall_at(own, chances, int(k))[0] for k in places])
    low, high = binomial_interval(recall * own.sum(), np.full(len(recall), own.sum()), LEVEL)
    return pd.DataFrame({"places": places, "recall": recall, "low": low, "high": high})
