import numpy as np
import pytest

from pipeline.sky.overlay import add_inside

PIECE = np.arange(1.0, 13.0).reshape(3, 4)


@pytest.mark.parametrize("first_y", [-5, -2, 0, 3, 4, 9])
@pytest.mark.parametrize("first_x", [-9, -1, 0, 5, 6, 7])
def test_what_lies_inside_is_added_pixel_by_pixel(first_x, first_y):
    image = np.full((6, 7), 10.0)
    expected = image.copy()
    for y in range(3):
        for x in range(4):
            if 0 <= first_y + y < 6 and 0 <= first_x + x < 7:
                expected[first_y + y, first_x + x] += PIECE[y, x]
    add_inside(image, PIECE, first_x, first_y)
    np.testing.assert_array_equal(image, expected)
