"""Kinds of ZTF's bogus as one looker sees them (``ztf_by_eye.yaml``), beside the kinds of a synthetic truth."""

from pathlib import Path

import pandas as pd
import yaml

VERDICTS = Path(__file__).with_suffix(".yaml")


def read_verdicts(path: Path = VERDICTS) -> pd.DataFrame:
    """Return ``name kind truth unsure``, one row per alert.

    Raises
    ------
    ValueError
        If an alert is listed under two kinds, or as unsure under a kind that does not list it.
    """
    lines = []
    for kind, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        stray = set(entry["unsure"]) - set(entry["rows"])
        if stray:
            raise ValueError(f"{path.name}: {kind} is unsure of {min(stray)}, which is not among its rows")
        lines += [{"name": str(name), "kind": kind, "truth": entry["truth"], "unsure": name in entry["unsure"]}
                  for name in entry["rows"]]  # fmt: skip
    table = pd.DataFrame(lines)
    twice = table["name"][table["name"].duplicated()]
    if len(twice):
        raise ValueError(f"{path.name}: {twice.iloc[0]} is listed under two kinds")
    return table


def beside_truth(verdicts: pd.DataFrame, truth: pd.Series, cut: pd.Series) -> pd.DataFrame:
    """Return how often each kind of bogus is met.

    Parameters
    ----------
    verdicts : DataFrame
        As of :func:`read_verdicts`.
    truth, cut : Series of str
        Kinds of all synthetic bogus, and of those that pass ZTF's cuts.

    Returns
    -------
    kinds : DataFrame
        Index kind of the truth; ``synthetic cut ztf unsure`` counts, ``looks`` the names by eye with their counts. A
        kind that the truth does not know is listed under its name by eye. The most frequent of ZTF's first.
    """
    named = verdicts.assign(truth=verdicts["truth"].where(verdicts["truth"] != "", verdicts["kind"]))
    kinds = pd.DataFrame(
        {
            "synthetic": truth.value_counts(),
            "cut": cut.value_counts(),
            "ztf": named["truth"].value_counts(),
            "unsure": named.groupby("truth")["unsure"].sum(),
        }
    )
    kinds = kinds.fillna(0).astype(int)
    kinds["looks"] = named.groupby("truth")["kind"].agg(_counted).reindex(kinds.index).fillna("")
    return kinds.sort_values(["ztf", "synthetic"], ascending=False)


def _counted(kinds: pd.Series) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in kinds.value_counts().items())
