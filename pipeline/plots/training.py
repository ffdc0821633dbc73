"""The history of the training: loss and other quantities by epoch."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.ticker import MaxNLocator

from pipeline.plots.data import PlotResult, ReportData
from pipeline.plots.style import MUTED, model_style, no_data, panels, plot

MOST_PANELS = 3
LEADING = ("loss", "auc", "accuracy")
NOT_SHOWN = ("epoch", "learning_rate", "lr")


@plot(
    "training_history",
    title="Training",
    caption="Solid: training rows; dashed: validation rows. Where the lines diverge, the classifier begins to "
    "overfit; the dot is the epoch with the lowest validation loss.",
)
def training_history(data: ReportData) -> PlotResult:
    """Draw loss and other quantities of the first model's training, for training and validation rows."""
    return history_figure(data.history, LEADING, list(data.scores))


def history_figure(
    history: Mapping[str, pd.DataFrame], leading: Sequence[str], models: Sequence[str] = ()
) -> PlotResult:
    """Return the figure of trainings: loss and other quantities by epoch, for training and validation rows.

    Parameters
    ----------
    history : mapping of str to DataFrame
        For each model one row per epoch: ``epoch``, and pairs such as ``loss val_loss``.
    leading : sequence of str
        The quantities that are shown first, if there are more than fit.
    models : sequence of str
        All models of the page in its order, by which each has its colour; by default those with a history.
    """
    table = _history_table(history)
    names = _names(table, leading)
    figure, axes = panels(1, max(len(names), 1), width=4.2, height=3.2)
    if not names:
        note = "no model came with a training history"
        no_data(axes[0, 0], note)
        return PlotResult(figure=figure, table=table, note=note)
    for panel, name in zip(axes[0], names, strict=True):
        for index, (model, rows) in enumerate(table.groupby("model", sort=False)):
            colour = model_style(models.index(model) if model in models else index)["color"]
            for column, line, words in ((name, "-", "train"), (f"val_{name}", "--", "validation")):
                if column in rows and rows[column].notna().any():
                    panel.plot(rows["epoch"], rows[column], color=colour, linestyle=line, label=f"{model}, {words}")
            if name == "loss" and "val_loss" in rows and rows["val_loss"].notna().any():
                best = rows.loc[rows["val_loss"].idxmin()]
                panel.plot(best["epoch"], best["val_loss"], "o", color=colour, markersize=6, markeredgecolor="white")
        panel.set(xlabel="epoch", ylabel=name.replace("_", " "))
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes[0, 0].legend(labelcolor="linecolor" if table["model"].nunique() > 1 else MUTED)
    return PlotResult(figure=figure, table=table)


def _history_table(histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    tables = []
    for model, history in histories.items():
        if len(history):
            epochs = (
                history["epoch"] if "epoch" in history else pd.Series(range(1, len(history) + 1), index=history.index)
            )
            tables.append(history.assign(epoch=epochs.to_numpy(), model=model))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["model", "epoch"])


def _names(table: pd.DataFrame, leading: Sequence[str]) -> list[str]:
    numeric = table.select_dtypes("number").columns
    names = [str(name) for name in numeric if not str(name).startswith("val_") and name not in NOT_SHOWN]
    first = [name for name in leading if name in names]
    return (first + [name for name in names if name not in first])[:MOST_PANELS]
