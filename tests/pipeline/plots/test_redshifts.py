import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.errors import InputError
from pipeline.plots.data import PlotResult
from pipeline.plots.redshifts import PIT_BINS, REDSHIFT_PLOTS, TREND_COLUMNS, RedshiftReportData


def data(n=500, **change):
    rng = np.random.default_rng(0)
    true = rng.uniform(0.1, 1.0, n)
    bins = [
        {"by": by, "low": low, "high": low + 0.3, "n": 9, "metric": metric}
        | {"value": 0.01, "value_low": 0.0, "value_high": 0.02}
        for by in ("z_spec", "i (mag)") for low in (0.1, 0.4, 0.7) for metric in ("bias", "sigma_nmad", "outliers")
    ]  # fmt: skip
    made = {
        "title": "made", "spectroscopic": true, "predicted": true + rng.normal(0, 0.03, n), "pit": rng.random(n),
        "trends": pd.DataFrame(bins),
    }  # fmt: skip
    return RedshiftReportData(**made | change)


NAN = np.full(5, np.nan)
CASES = {
    "usual": data,
    "one row": lambda: data(1),
    "no rows": lambda: data(0, trends=pd.DataFrame(columns=TREND_COLUMNS)),
    "nothing known": lambda: data(5, spectroscopic=NAN, predicted=NAN, pit=NAN),
    "empty bins": lambda: data(trends=data().trends.assign(value=np.nan)),
    "bins without intervals": lambda: data(trends=data().trends.assign(value_low=np.nan, value_high=np.nan)),
}


@pytest.mark.replaces("4most", "M12")
@pytest.mark.parametrize("name", list(REDSHIFT_PLOTS))
@pytest.mark.parametrize("case", list(CASES))
def test_a_figure_and_its_numbers_come_out_of_any_rows(name, case):
    result = REDSHIFT_PLOTS[name](CASES[case]())
    assert isinstance(result, PlotResult)
    assert isinstance(result.figure, Figure)
    assert result.note or not result.table.empty
    result.figure.draw_without_rendering()


@pytest.mark.parametrize("name", list(REDSHIFT_PLOTS))
def test_the_caption_tells_what_to_look_at_and_axes_have_names(name):
    assert len(REDSHIFT_PLOTS.metadata(name)["caption"]) > 40
    figure = REDSHIFT_PLOTS[name](data()).figure
    assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes)


def test_the_histogram_counts_every_pit_value():
    table = REDSHIFT_PLOTS["redshift_pit"](data(300)).table
    assert len(table) == PIT_BINS
    assert table["n"].sum() == 300
    np.testing.assert_allclose(table["share"].sum(), 1.0)


def test_rows_without_a_redshift_are_told():
    made = data(4, predicted=np.array([np.nan, 0.2, 0.3, 0.4]))
    result = REDSHIFT_PLOTS["redshift_scatter"](made)
    assert result.note == "1 of 4 rows lack a redshift"
    assert len(result.table) == 3


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(InputError, match="one of each a row"):
        data(5, pit=np.ones(4))
    with pytest.raises(InputError, match="trends lack by, low"):
        data(5, trends=pd.DataFrame())
