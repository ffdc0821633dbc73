import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from web.pictures import Pictures


def pixels_of(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.fixture
def pictures(make_rows, make_cutouts, tmp_path):
    values = np.zeros((200, 3, 3, 3), np.float32)
    values[:, 0, 0, 0] = np.arange(200)  # the first row is at the bottom
    values[:, 2, 2, 2] = -1.0
    path = make_cutouts(tmp_path / "c.h5", make_rows(range(200)), pixels=values)
    opened = Pictures(path)
    yield opened
    opened.close()


def test_channels_stand_side_by_side_with_the_first_row_at_the_bottom(pictures):
    drawn = pixels_of(pictures.picture(150, "linear"))
    assert drawn.shape == (3, 11, 3)
    assert drawn[2, 0].sum() > 700 > drawn[0, 0].sum()  # white at the lower left
    red, _, blue = drawn[0, 10]
    assert blue > red  # below the template


def test_one_stretch_for_all_shows_brighter_candidates_brighter(pictures):
    own = [pixels_of(pictures.picture(row, "linear"))[2, 0].sum() for row in (50, 199)]
    shared = [pixels_of(pictures.picture(row, "linear", shared=True))[2, 0].sum() for row in (1, 199)]
    assert own[0] == own[1]
    assert shared[0] < shared[1]


def test_many_threads_draw_what_one_draws(pictures):
    alone = [pictures.picture(row, "asinh") for row in range(0, 200, 7)]
    pictures._drawn.clear()
    pictures._blocks.clear()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda row: pictures.picture(row, "asinh"), range(0, 200, 7))) == alone
