from pipeline.plots import PLOTS


def stamps(figure):
    return [axes for axes in figure.axes if axes.images or axes.texts]


def test_each_mistake_is_shown_in_all_its_channels_with_equal_stamps(report_data):
    result = PLOTS["gallery"](report_data)
    assert len(stamps(result.figure)) == 3 * len(report_data.mistakes.rows)
    sizes = {tuple(axes.get_position().bounds[2:]) for axes in stamps(result.figure)}
    assert len({tuple(round(side, 9) for side in size) for size in sizes}) == 1


def test_the_table_names_what_is_shown_and_how_it_was_scored(report_data):
    table = PLOTS["gallery"](report_data).table
    assert table["candidate_id"].tolist() == report_data.mistakes.rows["candidate_id"].tolist()
    assert set(table["mistake"]) == {"false alarm", "missed real"}


def test_missing_pixels_are_no_grey(report_data):
    figure = PLOTS["gallery"](report_data).figure
    words = [text.get_text() for axes in stamps(figure) for text in axes.texts]
    assert words.count("missing") == 1
