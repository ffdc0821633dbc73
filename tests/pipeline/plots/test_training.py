from pipeline.plots import PLOTS


def test_each_quantity_has_a_panel_with_both_its_lines(report_data):
    result = PLOTS["training_history"](report_data)
    (panel,) = result.figure.axes
    assert panel.get_ylabel() == "loss"
    assert len(panel.get_lines()) == 3
    assert result.table["epoch"].tolist() == [1, 2, 3]
