"""What a package is worth on alerts from which it did not learn.

Run ``python -m benchmarks.studies.starter PACKAGE SURVEY SCRATCH``. SURVEY is a survey of alerts whose environment
variable names its folder; its alerts are fetched into SCRATCH and scored night by night, as ``Infer`` scores them.
Where the survey has labels by people or catalogues, the figures are against these; with each score of its own that it
names there is the rank correlation.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import luigi
import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from models.inputs.image_sampling import MEASURED_ROWS
from models.scoring.measured_sampling import at_sampling_of
from models.scoring.runtime import load
from pipeline.classes import GUESSED_SOURCES
from pipeline.io.packages.named_packages import package_folder
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.metrics import bootstrap
from tasks.parameters import SurveyTask

SEED: Final = 1
REPLICATES: Final = 2000
MERITS: Final = ("auc", "mdr_at_fpr_5pc")
REFERENCE: Final = "reference "
"""What the columns of scores by other classifiers begin with."""


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package")
    parser.add_argument("survey")
    parser.add_argument("scratch", type=Path)
    options = parser.parse_args()
    os.environ["NIGHTSIFT_DATA"] = str(options.scratch)
    alerts = _Alerts(survey=options.survey)
    rows = scored(package_folder(options.package), _fetched(alerts))
    print(f"{options.survey}: {len(rows)} alerts, {int(rows['score'].isna().sum())} without a score")
    for name in (name for name in alerts.settings.references if name not in rows):
        table = alerts.adapter().reference(name, "").drop_duplicates("candidate_id").set_index("candidate_id")
        rows[REFERENCE + name] = table["score"].reindex(rows["candidate_id"]).to_numpy(float)
    print("\n".join(lines_of(rows)))
    return 0


def scored(package: Path, files: Sequence[Path]) -> pd.DataFrame:
    """Return the candidates of cutout files with their ``score``, each file in the sampling that its stars show."""
    opened, nights = load(package), []
    for path in files:
        with open_cutouts(path) as file:
            rows, pixels, channels = file.candidates(), file.pixels(), file.header.channels
        if len(rows):
            used = at_sampling_of(opened, lambda first=pixels[:MEASURED_ROWS]: [first], channels)
            nights.append(rows.assign(score=used.predict(pixels, channels)[:, 1]))
    return pd.concat(nights, ignore_index=True)


def lines_of(rows: pd.DataFrame) -> Iterator[str]:
    """Yield the figures against trusted labels, and for each column of `REFERENCE` the rank correlation with it.

    Intervals of labels are 68 %, over objects; those of rank correlations are 95 %, over alerts.
    """
    rows = rows[rows["score"].notna()]
    judged = rows[(rows["label"] >= 0) & ~rows["label_source"].isin(GUESSED_SOURCES)]
    if judged["label"].nunique() == 2:
        label, score, group = (judged[name].to_numpy() for name in ("label", "score", "object_id"))
        yield f"{int(label.sum())} real and {int((1 - label).sum())} bogus"
        for name in MERITS:
            found = bootstrap(name, label, score, group.astype(str), rng=np.random.default_rng(SEED))
            yield f"{name}: {found.value:.4f} ({found.low:.4f} to {found.high:.4f})"
    for name in (column for column in rows if column.startswith(REFERENCE)):
        value, low, high = rank_correlation(rows["score"], rows[name])
        whose, count = name.removeprefix(REFERENCE), int(rows[name].notna().sum())
        yield f"{whose}: Spearman's rank correlation {value:.3f} (95 %: {low:.3f} to {high:.3f}), {count} alerts"


def rank_correlation(score: pd.Series, other: pd.Series) -> tuple[float, float, float]:
    """Return Spearman's rank correlation where both are known, and its 95 % interval by bootstrap over rows."""
    both = np.column_stack([score, other])
    both = both[np.isfinite(both).all(axis=1)]
    rng = np.random.default_rng(SEED)
    drawn = [spearmanr(both[rng.integers(0, len(both), len(both))]).statistic for _ in range(REPLICATES)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(spearmanr(both).statistic), float(low), float(high)


class _Alerts(SurveyTask):
    """A task that gives a survey's settings and adapter; it is never run."""


def _fetched(alerts: _Alerts) -> list[Path]:
    """Return the cutout files of all nights of a survey."""
    from tasks import FetchCutouts

    fetched = [FetchCutouts(survey=alerts.survey, night=night) for night in alerts.adapter().nights()]
    if not luigi.build(fetched, local_scheduler=True, log_level="ERROR"):
        raise SystemExit("the alerts could not be fetched; the log above says why")
    return [task.output().path for task in fetched]


if __name__ == "__main__":
    raise SystemExit(main())
