"""How dense each kind lies on the synthetic sky: what the rates say, and what the search finds.

``python -m benchmarks.studies.synthetic.rates [--surveys synthetic,synthetic_rates] [--processes 2]`` prints the rates
of transients, then makes the surveys in a temporary folder and prints candidates a square degree and exposure by their
truth.
"""

import argparse
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pandas as pd

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.io.settings_files import load
from pipeline.settings import parse
from pipeline.sky import TRANSIENTS, SkyRates, SkySettings
from pipeline.surveys.settings import SurveySettings
from pipeline.surveys.synthetic.survey import make_survey

LIMITS = (18.0, 19.0, 20.0, 20.7)
"""Faint limits in magnitudes that the rates are printed for."""

ALL = ("real", "bogus", "share of reals")


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.synthetic.rates", description=__doc__)
    parser.add_argument("--surveys", default="synthetic,synthetic_rates", help="synthetic surveys of config/surveys")
    parser.add_argument("--processes", type=int, default=2, help="processes that render")
    options = parser.parse_args()
    print_rates(SkyRates(), SkySettings().transient_bright_magnitude)
    print_densities({name: densities(name, options.processes) for name in options.surveys.split(",")})
    return 0


def print_rates(rates: SkyRates, bright: float) -> None:
    """Print each kind's number a square degree and year to several limits."""
    columns = {f"{limit:g} mag": rates.of_transients(bright, limit) for limit in LIMITS}
    print(f"| kind | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for kind in TRANSIENTS:
        print(f"| `{kind}` | {' | '.join(f'{column[kind]:.2g}' for column in columns.values())} |")


def densities(survey: str, processes: int) -> pd.Series:
    """Return candidates a square degree and exposure by their truth, and the share of reals; index the kind."""
    survey_input = load("surveys", survey, SurveySettings).input
    settings = parse(SkySettings, survey_input["sky"], f"surveys/{survey}.yaml: sky")
    with tempfile.TemporaryDirectory() as folder:
        make_survey(Path(folder), settings, survey_input["seed"], workers=processes)
        with closing(sqlite3.connect(Path(folder) / "survey.sqlite")) as connection:
            truth = pd.read_sql("SELECT kind, is_real FROM truth", connection)
            exposures = pd.read_sql("SELECT COUNT(*) FROM exposures", connection).iloc[0, 0]
    area = exposures * (settings.size_pixel * settings.pixel_scale_arcsec / ARCSEC_PER_DEG) ** 2
    found = truth.groupby(["is_real", "kind"]).size().sort_index(ascending=False).droplevel(0)
    real = truth["is_real"].sum()
    whole = pd.Series({"real": real, "bogus": len(truth) - real})
    return pd.concat([found / area, whole / area, pd.Series({"share of reals": real / len(truth)})])


def print_densities(columns: dict[str, pd.Series]) -> None:
    """Print one row per kind, reals first, and one column per survey."""
    table = pd.concat(columns, axis=1)
    kinds = [kind for kind in table.index if kind not in ALL]
    print(f"\n| kind | {' | '.join(f'`{name}`' for name in columns)} |\n|{'---|' * (len(columns) + 1)}")
    for kind in (*kinds, *ALL):
        print(f"| {kind} | {' | '.join(_cell(value) for value in table.loc[kind])} |")


def _cell(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.3g}" if value < 100 else f"{value:.0f}"


if __name__ == "__main__":
    sys.exit(main())
