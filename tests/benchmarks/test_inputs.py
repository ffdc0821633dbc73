import numpy as np
import pytest

from benchmarks.inputs import PARTS, draw_candidates, draw_cutouts, half_real, memory_dataset, write_rows
from pipeline.io.results.cutout_file import open_cutouts


def test_reals_have_a_star_in_science_and_difference_alone():
    labels = half_real(200)
    cutouts = draw_cutouts(labels, 15, seed=1)
    heights = cutouts[:, 7, 7] - cutouts[:, 0, 0]
    for image in (0, 2):
        assert heights[labels == 1, image].mean() == pytest.approx(165.0, rel=0.2)
        assert heights[labels == 0, image].mean() == pytest.approx(0.0, abs=3.0)
    assert cutouts[:, 7, 7, 1].mean() == pytest.approx(100.0, abs=3.0)


def test_equal_seeds_give_equal_cutouts():
    labels = half_real(4)
    np.testing.assert_array_equal(draw_cutouts(labels, 9, seed=3), draw_cutouts(labels, 9, seed=3))
    assert (draw_cutouts(labels, 9, seed=3) != draw_cutouts(labels, 9, seed=4)).any()


def test_every_candidate_has_an_id_and_a_place_of_its_own():
    first, second = draw_candidates(half_real(1500)), draw_candidates(half_real(1500), 1500)
    ids = [*first["candidate_id"], *second["candidate_id"]]
    places = {
        *zip(first["ra_deg"], first["dec_deg"], strict=True),
        *zip(second["ra_deg"], second["dec_deg"], strict=True),
    }
    assert len(set(ids)) == len(places) == 3000


@pytest.mark.parametrize("count", [10, 1030])
def test_a_file_has_as_many_rows_as_are_asked_for_in_their_parts(tmp_path, count):
    write_rows(tmp_path / "d.h5", count, 5, data_set=True)
    with open_cutouts(tmp_path / "d.h5") as file:
        rows = file.candidates()
    assert len(rows) == count
    assert (rows["label"] == half_real(count)).all()
    assert rows["candidate_id"].is_unique


def test_a_data_set_in_memory_has_its_parts():
    parts = memory_dataset(400, 5).parts
    assert {part: len(rows) for part, (rows, _) in parts.items()} == {"train": 320, "validation": 40, "test": 40}
    assert set(parts) == set(PARTS)
