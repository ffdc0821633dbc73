"""The folder of explained scores: tables, figures, and the page."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from models.explaining.explained import Asked, explain
from models.scoring.opened_package import OpenedPackage
from pipeline.datasets.dataset import DataSet
from pipeline.io.results.parquet_table import write_table
from pipeline.plots.data import PlotResult
from pipeline.plots.explained import importance_of_features, map_of_vectors
from pipeline.report.explain import ExplainedMember, ExplainedRows, explained_page
from pipeline.report.plain import plain
from pipeline.stages.figure_files import write_figures

SCHEMA: Final = 1
"""Of ``explained.json``."""


def write_explained(
    folder: Path,
    package: OpenedPackage,
    dataset: DataSet,
    asked: Asked,
    *,
    provenance: Mapping[str, object],
    progress: Callable[[float, str], None],
) -> dict[str, Any]:
    """Explain scores of a data set's test rows, write the folder, and return its numbers.

    Parameters
    ----------
    folder : Path
        An empty folder: it gets ``index.html``, ``explained.json`` and, of each network or classifier of the package,
        ``latent-<number>.parquet``, figures and their tables.
    package : OpenedPackage
        Of a classifier, or a stack of such.
    dataset : DataSet
        Its test rows are explained.
    asked : Asked
        How much is explained.
    provenance : mapping
        How the folder comes about.
    progress : callable
        Called with how far the work is, 0 to 100, and a line of text.

    Raises
    ------
    InputError
        As of `explain`.
    """
    rows, members = explain(package, dataset, asked)
    progress(70, f"explained {len(rows.table)} rows")
    told, figures = [], []
    for number, member in enumerate(members, 1):
        exported = member.exported(rows)
        write_table(folder / f"latent-{number}.parquet", exported, provenance)
        drawn = _figures(member, exported, rows)
        named = {f"{name}-{number}": result for name, result in drawn.items()}
        write_figures(folder, named, f"{dataset.survey}, test rows by {member.name}")
        figures.append(_told_figures(drawn, number))
        told.append(_told(member, rows, number))
    numbers = plain({
        "schema": SCHEMA,
        "kind": "explained",
        "package": package.name,
        "survey": dataset.survey,
        "classes": list(rows.class_names),
        "judged": rows.judged,
        "training_rows": len(rows.known),
        "rows": {str(name): int(n) for name, n in rows.table["group"].value_counts(sort=False).items()},
        "members": told,
        "provenance": dict(provenance),
    })  # fmt: skip
    if not isinstance(numbers, dict):
        return {}
    text = json.dumps(numbers, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / "explained.json").write_text(text, encoding="utf-8")
    (folder / "index.html").write_text(explained_page(numbers, rows, members, figures), encoding="utf-8")
    progress(100, f"{len(members)} explained")
    return numbers


def _told(member: ExplainedMember, rows: ExplainedRows, number: int) -> dict[str, object]:
    agreement, group = member.agreement(rows), rows.table["group"].to_numpy()
    importance = [] if member.importance is None else member.importance.to_dict("records")
    return {
        "name": member.name,
        "kind": member.kind,
        "weight": member.weight,
        "file": f"latent-{number}.parquet",
        "dimensions": member.vectors.shape[1],
        "pca_shares": list(member.pca_shares),
        "heat_maps": 0 if member.maps is None else len(member.maps),
        "why_no_maps": member.why_no_maps,
        "neighbours_of_own_label": {name: float(np.mean(agreement[group == name])) for name in pd.unique(group)},
        "importance": importance,
    }


def _figures(member: ExplainedMember, exported: pd.DataFrame, rows: ExplainedRows) -> dict[str, PlotResult]:
    shares = [
        f"component {place} ({100 * share:.0f} % of the variance)" for place, share in enumerate(member.pca_shares, 1)
    ]
    found = {
        "pca": map_of_vectors(exported, "pca", rows.class_names, (shares[0], shares[1])),
        "tsne": map_of_vectors(exported, "tsne", rows.class_names, ("t-SNE 1", "t-SNE 2")),
    }
    if member.importance is not None:
        found["importance"] = importance_of_features(member.importance)
    return found


_CAPTIONS: Final = {
    "pca": (
        "Principal components",
        "The explained rows along the two directions in which their vectors differ most; mistakes are circled.",
    ),
    "tsne": (
        "t-SNE map",
        "Rows that the model sees alike are near each other; how far groups are apart means nothing. Mistakes are "
        "circled.",
    ),
    "importance": (
        "Importance of features",
        "How much log likelihood (nat a row) is lost on test rows if a feature is shuffled among them, with the "
        "standard deviation over shuffles and bootstrap draws. Features that say the same hide each other.",
    ),
}


def _told_figures(drawn: Mapping[str, PlotResult], number: int) -> list[dict[str, object]]:
    found = []
    for name, result in drawn.items():
        title, caption = _CAPTIONS[name]
        width, height = (round(96 * side) for side in result.figure.get_size_inches())
        found.append({"name": f"{name}-{number}", "title": title, "caption": caption, "note": result.note,
                      "width": width, "height": height, "rows": len(result.table)})  # fmt: skip
    return found
