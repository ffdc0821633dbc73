"""The whole search: which injections were detected, and which of those the classifier kept."""

import numpy as np
import pandas as pd

from pipeline.metrics.completeness import COLUMNS, Limit, fit_kept, fit_limit, fraction_tables

STAGES = ("detected", "detected and kept")
"""Detection alone, and the efficiency of the whole search: detected and called real."""


def search_tables(
    injected: pd.DataFrame, judged: pd.DataFrame | None, threshold: float
) -> tuple[pd.DataFrame, dict[str, Limit]]:
    """Return what was found of the injections at each stage, and the 50 % limits in magnitude.

    Only rows that the classifier never trained on may be judged, but the missed injections belong to no part
    of a data set. So what is kept is the fraction detected times the fraction of the judged that is kept, bin by
    bin and in the curves, and never more than what is detected.

    Parameters
    ----------
    injected : DataFrame
        The injections, recovered or not: ``recovered candidate_id magnitude`` and, if they exist,
        ``snr host_surface_brightness band``.
    judged : DataFrame, optional
        ``candidate_id score`` of the judged rows; None if nothing was scored.
    threshold : float
        Score from which a candidate is called real.

    Returns
    -------
    table : DataFrame
        ``stage`` and :data:`pipeline.metrics.completeness.COLUMNS`; rows of ``column`` ``limit_50`` hold a limit in
        ``bin_low`` and its 68 % interval in ``low`` and ``high``.
    limits : dict of str to Limit
        By stage.
    """
    rows = _rows(injected, judged, threshold)
    tables, limits = [], {}
    for stage in STAGES if rows["judged"].any() else STAGES[:1]:
        limits[stage] = _limit(rows, stage)
        if stage == STAGES[0]:
            tables.append(fraction_tables(rows).assign(stage=stage))
        else:
            tables.append(fraction_tables(rows, found="kept", judged="judged").assign(stage=stage))
        tables.append(_limit_rows(rows, stage))
    filled = [table for table in tables if len(table)]
    columns = ["stage", *COLUMNS]
    return (pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)), limits


def _rows(injected: pd.DataFrame, judged: pd.DataFrame | None, threshold: float) -> pd.DataFrame:
    """Return the injections with what is known of each: ``recovered judged kept``."""
    recovered = injected["recovered"].to_numpy(bool)
    score = np.full(len(injected), np.nan)
    if judged is not None:
        scores = judged.drop_duplicates("candidate_id").set_index("candidate_id")["score"].astype(float)
        score = injected["candidate_id"].astype(str).map(scores).to_numpy(float)
    seen = recovered & np.isfinite(score)
    return injected.assign(recovered=recovered, judged=seen, kept=seen & (score >= threshold))


def _limit(rows: pd.DataFrame, stage: str) -> Limit:
    if stage == STAGES[0]:
        return fit_limit(rows["magnitude"], rows["recovered"])
    return fit_kept(rows["magnitude"], rows["recovered"], rows["judged"], rows["kept"])


def _limit_rows(rows: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Return the limits of all bands together and of each band, as far as they exist."""
    bands = rows["band"].astype(str) if "band" in rows else pd.Series("", index=rows.index)
    chosen = {"": np.ones(len(rows), bool)} | {band: (bands == band).to_numpy() for band in sorted(set(bands)) if band}
    limits = []
    for band, in_band in chosen.items():
        part = rows[in_band]
        limit = _limit(part, stage)
        found = part["recovered" if stage == STAGES[0] else "kept"]
        if np.isfinite(limit.magnitude):
            limits.append(
                {
                    "stage": stage,
                    "column": "limit_50",
                    "stratum": band,
                    "bin_low": limit.magnitude,
                    "bin_high": limit.magnitude,
                    "n": float(len(part)),
                    "n_found": float(found.sum()),
                    "fraction": 0.5,
                    "low": limit.magnitude - limit.error,
                    "high": limit.magnitude + limit.error,
                }
            )
    return pd.DataFrame(limits, columns=["stage", *COLUMNS])
