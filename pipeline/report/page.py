"""The page of a report of any kind: numbers, figures and mistakes laid out in one offline HTML file.

Tested by tests/pipeline/report/test_build.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from pipeline.plots.data import Mistakes, PlotResult
from pipeline.plots.reported import Reported
from pipeline.recipes.report import ReportRecipe
from pipeline.registry import Registry
from pipeline.report.caveats import separated
from pipeline.report.html_templates import html_template
from pipeline.report.kinds import ReportKind
from pipeline.report.wording import Measured, difference, number, significant, worded


def page(
    kind: ReportKind[Any, Any], data: Reported, numbers: Mapping[str, Any], figures: Mapping[str, PlotResult]
) -> str:
    """Return the page as HTML; what comes from data is escaped, and nothing is loaded from elsewhere.

    Parameters
    ----------
    kind : ReportKind
        What differs between reports.
    data : Reported
        Notes and mistakes.
    numbers : mapping
        The content of metrics.json.
    figures : mapping of str to PlotResult
        The figures by name, in the order of the page.
    """
    return html_template(kind.template).render(
        numbers=numbers,
        judged=numbers["models"][numbers["classifier"]],
        interval=f"{100 * numbers['interval']['level']:g} %",
        separated=separated(numbers["separations"]),
        notes=[*data.notes, *kind.caveats(numbers)],
        figures=list(_figures(figures, kind.plots, data.drawn)),
        provenance=list(flat(numbers.get("provenance", {}))),
        **kind.shown(data, numbers),
    )


def headline(numbers: Mapping[str, Any], metrics: Sequence[tuple[str, Measured, str]]) -> list[dict[str, object]]:
    """Return one row per metric: its value for every model, then classifier minus each of the others.

    Parameters
    ----------
    numbers : mapping
        The content of metrics.json.
    metrics : sequence of tuple
        For each metric its key, its definition and its title on this page.
    """
    return [
        {
            "title": title,
            "better": "higher" if metric.larger_is_better else "lower",
            "values": [worded(model["metrics"][name], metric.unit) for model in numbers["models"].values()],
            "differences": [difference(metric, other["metrics"][name]) for other in numbers["differences"].values()],
        }
        for name, metric, title in metrics
    ]


def parts(numbers: Mapping[str, Any], metrics: Mapping[str, Measured]) -> list[dict[str, object]]:
    """Return one row per model and part, the judged part first, with the metrics that reveal overfitting.

    Parameters
    ----------
    numbers : mapping
        The content of metrics.json.
    metrics : mapping
        The metrics by key; the first tells rows and groups of a part.
    """
    first, rows = next(iter(metrics)), []
    for name, model in numbers["models"].items():
        of_parts = {numbers["judged_part"]: model["metrics"]}
        of_parts |= {part: entry["metrics"] for part, entry in model["parts"].items()}
        rows += [
            {
                "model": name,
                "part": part,
                "n": values[first]["n"],
                "groups": values[first]["n_groups"],
                "values": [worded(values[key], metric.unit) for key, metric in metrics.items()],
            }
            for part, values in of_parts.items()
        ]
    return rows


def mistakes_table(
    mistakes: Mistakes | None, columns: Sequence[str], digits: Mapping[str, int]
) -> dict[str, Sequence[object]]:
    """Return the mistakes as a table of the page, with its ``columns`` and ``rows``, and which of them are features.

    Parameters
    ----------
    mistakes : Mistakes, optional
        The rows; of a table, all of their features are shown too.
    columns : sequence of str
        Which columns are shown, if they exist.
    digits : mapping of str to int
        Decimals of the columns with numbers; all others are shown as they are.
    """
    if mistakes is None:
        return {"columns": [], "rows": [], "features": []}
    shown = list(dict.fromkeys(name for name in (*columns, *mistakes.features) if name in mistakes.rows))
    records = mistakes.rows[shown].astype(object).to_dict("records")
    words: dict[str, Callable[..., str]] = dict.fromkeys(mistakes.features, significant)
    words |= {name: partial(number, digits=places) for name, places in digits.items()}
    return {
        "columns": shown,
        "rows": [[_cell(row[name], words.get(name, str)) for name in shown] for row in records],
        "features": mistakes.features,
    }


def _cell(value: object, words: Callable[..., str]) -> str:
    if pd.isna(value):
        return ""
    return words(value) if words is str else words(float(str(value)))


def _figures(
    figures: Mapping[str, PlotResult], plots: Registry[Any], drawn: ReportRecipe
) -> Iterator[dict[str, object]]:
    """Yield what the page says of each figure."""
    for name, result in figures.items():
        metadata = plots.metadata(name)
        width, height = result.figure.get_size_inches()
        yield {
            "name": name,
            "title": metadata["title"],
            "caption": caption_of(metadata["caption"], drawn),
            "note": result.note,
            "width": round(96 * width),
            "height": round(96 * height),
            "rows": len(result.table),
            "empty": result.table.empty,
        }


def caption_of(caption: str, drawn: ReportRecipe) -> str:
    """Return a caption with the level of its intervals and the rates that are marked, as the recipe has them.

    Examples
    --------
    >>> caption_of("Bars: {level} intervals; lines: {guides}.", ReportRecipe())
    'Bars: 68 % intervals; lines: 1 % and 5 %.'
    """
    rates = [f"{100 * rate:g} %" for rate in drawn.guides]
    guides = " and ".join(filter(None, [", ".join(rates[:-1]), rates[-1]]))
    return caption.replace("{level}", f"{100 * drawn.interval_level:g} %").replace("{guides}", guides)


def flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested mappings as (dotted name, text)."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from flat(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        yield path, ", ".join(str(entry) for entry in value)
    else:
        yield path, "" if value is None else str(value)
