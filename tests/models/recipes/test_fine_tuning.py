"""Fine-tuning settings: files that are allowed, and what is said where one is missing."""

import pytest

from models.recipes.classifier import load
from models.recipes.fine_tuning import FineTuning, weights_digest
from pipeline.errors import MissingInputError, SettingsError


@pytest.mark.replaces("galaxy10", "Z4")
@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"weights": "resnet18.pth"}, "a file that Python unpickles, which may run anything; allowed: .npz, .h5"),
        ({"weights": "weights.txt"}, "allowed: a file that ends in .npz, .h5, .hdf5, .safetensors"),
        ({"backbone_rate": 0}, "backbone_rate is 0.0; allowed: above 0, at most 1"),
    ],
)
def test_what_is_no_start_is_refused(stated, message):
    with pytest.raises(SettingsError, match=message):
        load({"classifier": "resnet18", "fine_tuning": stated}, "a")


def test_a_missing_file_says_where_weights_come_from_and_nothing_is_downloaded(tmp_path):
    with pytest.raises(MissingInputError, match=r"no file .*nothing is downloaded: put it there \(resnet18: the safet"):
        weights_digest(str(tmp_path / "absent.h5"))
    assert weights_digest("") == ""
    (tmp_path / "a.h5").write_bytes(b"1")
    (tmp_path / "b.h5").write_bytes(b"2")
    assert FineTuning(weights=str(tmp_path / "a.h5")).digest != FineTuning(weights=str(tmp_path / "b.h5")).digest


def test_features_start_from_no_weights():
    with pytest.raises(SettingsError, match="'fine_tuning' is set; boosting is no network"):
        load({"classifier": "boosting", "fine_tuning": {}}, "a")
