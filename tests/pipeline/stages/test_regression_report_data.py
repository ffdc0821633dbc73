"""Values of a regressor are joined with the targets of their rows, and refused where there are none."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.scores_file import ScoresWriter
from pipeline.io.results.value_columns import value_columns
from pipeline.stages.regression_report_data import gather_regression_report_data
from pipeline.stages.report_sources import ReportSources

SURVEY = SimpleNamespace(settings=SimpleNamespace(notes=("Drawn.",)))
NAMES = "abcd"


@pytest.fixture
def gathered(tmp_path, make_rows):
    """Return a function that writes rows with these targets and values for them, and gathers them."""

    def gather(target, **changes):
        head = CutoutHeader(survey="toy", channels=("g",), kind="table", class_names=("measured",), targeted=True)
        pixels = np.arange(len(NAMES), dtype=np.float32)[:, None, None, None]
        with CutoutWriter(tmp_path / "d.h5", head) as writer:
            writer.append(pixels, make_rows(NAMES).assign(target=target))
            writer.write_split(np.array([0, 1, 2, 2], np.int8), "0")
        kinds = value_columns(2)
        texts = {name: "" for name, kind in kinds.items() if kind == "text"}
        rows = pd.DataFrame({name: 0.5 for name, kind in kinds.items() if name not in texts}, index=range(len(NAMES)))
        rows = rows.assign(**(texts | {"candidate_id": list(NAMES)}), split=[0, 1, 2, 2], flags=0)
        with ScoresWriter(tmp_path / "network.parquet", kinds, {},
                          distributions={"edges": [0.0, 0.5, 1.0], "miscoverage": 0.2}) as writer:  # fmt: skip
            writer.append(rows)
        sources = {"name": "toy", "title": "t", "scores": {"network": tmp_path / "network.parquet"}, "packages": {}}
        sources |= {"rows": [tmp_path / "d.h5"], "must_judge": True} | changes
        return gather_regression_report_data(SURVEY, ReportSources(**sources), ("measured",))

    return gather


def test_values_stand_beside_their_targets_and_distributions(gathered):
    data = gathered([0.1, 0.2, 0.3, np.nan])
    rows, judged = data.judged("network")
    assert (data.classifier, data.part, data.notes) == ("network", "test", ("Drawn.",))
    assert data.miscoverage == {"network": 0.2}
    assert rows["target"].tolist() == [0.3]
    assert not [name for name in rows if name.startswith("m_")]
    assert judged.pit.tolist() == pytest.approx([0.3])
    assert len(data.rows("network", "train")) == 1


def test_rows_without_a_target_are_refused(gathered):
    with pytest.raises(InputError, match=r"no rows to judge: 0 were left out .* of the other 4, 4 have no target"):
        gathered([np.nan] * 4)
