"""The whole search: which injections were detected, and which of those the classifier kept."""

import numpy as np
import pandas as pd

from pipeline.completeness import COLUMNS, Limit, fit_limit, fraction_tables

STAGES = ("detected", "detected and kept")
"""Detection alone, and the efficiency of the whole search: detected and called real."""


def search_tables(
    injected: pd.DataFrame, judged: pd.DataFrame | None, threshold: float
) -> tuple[pd.DataFrame, dict[str, Limit]]:
    """Return what was found of the injections at each stage, and the 50 % limits in magnitude.

    Only rows that the classifier never trained on may be judged, but the missed injections belong to no part
    of a data set: each counts as the share of recovered ones that were judged.

    Parameters
    ----------
    injected : DataFrame
        The injections, recovered or not: ``recovered candidate_id magnitude`` and, where there, ``snr
        host_surface_brightness band``.
    judged : DataFrame, optional
        ``candidate_id score`` of the judged rows; None where nothing was scored.
    threshold : float
        Score from which a candidate is called real.

    Returns
    -------
    table : DataFrame
        ``stage`` and :data:`pipeline.completeness.COLUMNS`; rows of ``column`` ``limit_50`` hold a limit in
        ``bin_low`` and its 68 % interval in ``low`` and ``high``.
    limits : dict of str to Limit
        By stage.
    """
    stages = {STAGES[0]: injected.assign(found=injected["recovered"].astype(bool), weight=1.0)}
    whole = None if judged is None else _kept(injected, judged, threshold)
    if whole is not None:
        stages[STAGES[1]] = whole
    tables, limits = [], {}
    for stage, rows in stages.items():
        limits[stage] = fit_limit(rows["magnitude"], rows["found"], weight=rows["weight"])
        tables.append(fraction_tables(rows, found="found", weight="weight").assign(stage=stage))
        tables.append(_limit_rows(rows, stage))
    filled = [table for table in tables if len(table)]
    columns = ["stage", *COLUMNS]
    return (pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)), limits


def _kept(injected: pd.DataFrame, judged: pd.DataFrame, threshold: float) -> pd.DataFrame | None:
    """Return missed and judged injections with their weights, None where none was judged."""
    ids = injected["candidate_id"].astype(str)
    recovered = injected["recovered"].to_numpy(bool)
    scores = judged.drop_duplicates("candidate_id").set_index("candidate_id")["score"].astype(float)
    score = ids.map(scores).to_numpy(float)
    seen = recovered & np.isfinite(score)
    if not seen.any():
        return None
    weight = np.where(recovered, 1.0, seen.sum() / recovered.sum())
    rows = injected.assign(found=seen & (np.nan_to_num(score, nan=-np.inf) >= threshold), weight=weight)
    return rows[seen | ~recovered].reset_index(drop=True)


def _limit_rows(rows: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Return the limits of all bands together and of each band, where there is one."""
    bands = rows["band"].astype(str) if "band" in rows else pd.Series("", index=rows.index)
    chosen = {"": np.ones(len(rows), bool)} | {band: (bands == band).to_numpy() for band in sorted(set(bands)) if band}
    made = []
    for band, mine in chosen.items():
        part = rows[mine]
        limit = fit_limit(part["magnitude"], part["found"], weight=part["weight"])
        if np.isfinite(limit.magnitude):
            made.append(
                {
                    "stage": stage,
                    "column": "limit_50",
                    "stratum": band,
                    "bin_low": limit.magnitude,
                    "bin_high": limit.magnitude,
                    "n": float(len(part)),
                    "n_found": float(part["found"].sum()),
                    "fraction": 0.5,
                    "low": limit.magnitude - limit.error,
                    "high": limit.magnitude + limit.error,
                }
            )
    return pd.DataFrame(made, columns=["stage", *COLUMNS])
