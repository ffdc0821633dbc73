"""The folds of the study of galaxies: every image is judged once, and none of those that judge has taught."""

import numpy as np
import pytest
from PIL import Image

from benchmarks.studies.galaxies import images, recipe


@pytest.fixture(scope="module")
def galaxies(tmp_path_factory):
    """Return 30 images of each class, whose left half is dark and whose right half tells their number."""
    folder = tmp_path_factory.mktemp("images")
    for place, name in enumerate(recipe.CLASSES):
        (folder / name).mkdir()
        for number in range(30):
            pixels = np.zeros((128, 128, 3), np.uint8)
            pixels[:, 64:] = 30 * place + number
            Image.fromarray(pixels).save(folder / name / f"{number}{place}.png")
    return images.read(folder)


def test_the_central_part_is_centred_on_the_central_pixel(galaxies):
    assert galaxies.central.shape == (120, recipe.SIZE_PIXEL, recipe.SIZE_PIXEL, 3)
    assert not galaxies.central[:, :, : recipe.SIZE_PIXEL // 2].any()
    lit = galaxies.central[:, 0, recipe.SIZE_PIXEL // 2, 0]
    numbers = [int(name[:-1]) + 30 * int(name[-1]) for name in galaxies.names]
    np.testing.assert_array_equal(lit, numbers)
    np.testing.assert_array_equal(galaxies.labels, [int(name[-1]) for name in galaxies.names])


def test_every_image_is_judged_once_and_no_part_shares_one(galaxies):
    folds = list(galaxies.folds())
    np.testing.assert_array_equal(np.sort(np.concatenate([judged for _, judged in folds])), np.arange(120))
    for train, judged in folds:
        parts = galaxies.data_set(train, judged).parts
        names = [set(candidates["candidate_id"]) for candidates, _ in parts.values()]
        assert len(set.union(*names)) == sum(map(len, names)) == 120
        assert set(parts["test"][0]["label"]) == set(parts["validation"][0]["label"]) == {0, 1, 2, 3}
