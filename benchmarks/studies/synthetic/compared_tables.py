"""Tables of the two samples beside each other: measures, shapes, kinds of bogus, densities, what the cuts leave."""

from collections.abc import Mapping

import pandas as pd

from benchmarks.studies.synthetic.measures import RULES
from benchmarks.studies.synthetic.ztf_by_eye import beside_truth
from benchmarks.studies.synthetic.ztf_cuts import CUTS
from pipeline.classes import BOGUS, REAL

Classes = Mapping[str, pd.DataFrame]
"""Name of a class of rows to its measures, in the order of the tables."""


def classes_of(synthetic: pd.DataFrame, ztf: pd.DataFrame) -> Classes:
    """Return the classes that are compared.

    Parameters
    ----------
    synthetic, ztf : DataFrame
        Measures of the cutouts with ``label`` and, for the synthetic ones, ``passes`` all of ZTF's cuts.
    """
    classes = {}
    for label, word in ((REAL, "real"), (BOGUS, "bogus")):
        mine = synthetic[synthetic["label"] == label]
        classes[f"synthetic {word}"] = mine
        classes[f"synthetic {word}, cut"] = mine[mine["passes"]]
        classes[f"ZTF {word}"] = ztf[ztf["label"] == label]
    return classes | {"ZTF, all alerts": ztf}


def print_agreement(table: pd.DataFrame) -> None:
    """Print how well measured quantities agree with ZTF's own columns."""
    print("\n| quantity | rank correlation with ZTF's column | median difference | equal to two decimals |")
    print("|---|---|---|---|")
    for name, row in table.iterrows():
        print(f"| `{name}` | {row['rank_correlation']:.3f} | {row['median_off']:.3f} | {100 * row['exact']:.0f} % |")


def print_cuts(passing: Mapping[str, pd.DataFrame]) -> None:
    """Print which share of each class passes each cut, and all of them."""
    print(f"\n| cut | {' | '.join(passing)} |\n|---|{'---|' * len(passing)}")
    for name, bound in CUTS.items():
        print(f"| `{name}` {bound} | {' | '.join(_share(table[name]) for table in passing.values())} |")
    print(f"| all | {' | '.join(_share(table.all(axis=1)) for table in passing.values())} |")


def print_measures(classes: Classes) -> None:
    """Print medians with quartiles of each class, and the share of negative ones."""
    print("\n| | rows | signal to noise | FWHM, pixel | elongation | negative |\n|---|---|---|---|---|---|")
    for name, rows in classes.items():
        cells = []
        for column in ("snr", "fwhm_pixel", "elongation"):
            low, middle, high = rows[column].quantile([0.25, 0.5, 0.75])
            cells.append(f"{middle:.3g} ({low:.3g} to {high:.3g})")
        print(f"| {name} | {len(rows)} | {' | '.join(cells)} | {(rows['sign'] < 0).mean():.2f} |")


def print_shapes(classes: Classes) -> None:
    """Print the share of each shape in each class."""
    print(f"\n| shape | {' | '.join(classes)} |\n|---|{'---|' * len(classes)}")
    for shape in RULES:
        print(f"| {shape} | {' | '.join(_share(rows['shape'] == shape) for rows in classes.values())} |")


def print_kinds(bogus: pd.DataFrame, verdicts: pd.DataFrame) -> None:
    """Print kinds of bogus: synthetic ones by their truth, ZTF's by eye; ``bogus`` has ``kind passes``."""
    kinds = beside_truth(verdicts, bogus["kind"], bogus["kind"][bogus["passes"]])
    counts = kinds[["synthetic", "cut", "ztf"]]
    shares = counts / counts.sum().clip(lower=1)
    print("\n| kind of bogus | synthetic | synthetic, cut | ZTF, by eye | unsure | as they look |")
    print("|---|---|---|---|---|---|")
    for kind, row in counts.iterrows():
        cells = [f"{number} ({100 * shares.loc[kind, column]:.0f} %)" for column, number in row.items()]
        print(f"| `{kind}` | {' | '.join(cells)} | {kinds['unsure'][kind]} | {kinds['looks'][kind]} |")
    print(f"| all | {' | '.join(str(total) for total in counts.sum())} | {kinds['unsure'].sum()} | |")


def print_density(rows: pd.DataFrame, area_deg2: float) -> None:
    """Print candidates per square degree and exposure by kind of the truth; ``rows`` have ``label kind passes``."""
    print("\n| kind | per square degree and exposure | those that pass the cuts |\n|---|---|---|")
    for label, word in ((REAL, "real"), (BOGUS, "bogus")):
        mine = rows[rows["label"] == label]
        for kind, number in mine["kind"].value_counts().items():
            left = int((mine["passes"] & (mine["kind"] == kind)).sum())
            print(f"| {word}: `{kind}` | {number / area_deg2:.0f} | {left / area_deg2:.0f} |")
        print(f"| all {word} | {len(mine) / area_deg2:.0f} | {mine['passes'].sum() / area_deg2:.0f} |")
    print(f"| all | {len(rows) / area_deg2:.0f} | {rows['passes'].sum() / area_deg2:.0f} |")


def _share(which: pd.Series) -> str:
    return f"{100 * which.mean():.0f} %"
