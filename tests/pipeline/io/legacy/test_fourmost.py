"""The tables of the 4MOST target selection."""

import numpy as np
import pytest
from astropy.io import fits

from commands.convert import About, export_stamps, import_stamps
from pipeline.errors import InputError
from pipeline.io.tables.feature_tables import FEATURE_TABLES, read_table


@pytest.fixture
def imported_table(tmp_path):
    def make(folder, to="table.parquet"):
        import_stamps("fourmost", [str(folder)], str(tmp_path / to), About())
        return read_table(tmp_path / to)

    return make


def test_a_folder_of_parts_becomes_one_table_with_ids_as_text(legacy, imported_table):
    found = imported_table(legacy.fourmost())
    assert sorted(found.candidate_id.tolist(), key=int) == [str(number) for number in range(1, 16)]
    assert np.bincount(found.split).tolist() == [8, 3, 4]
    assert found.class_names == ("Others", "BG", "LRG", "ELG", "QSO")
    assert found.feature_names == ("HSC_zphot", "confidence", "DES_g", "DES_r")
    assert found.label.tolist() == [int(name) % 5 for name in found.candidate_id]
    assert np.isnan(found.features[:, 3]).sum() == 3


def test_out_and_in_again_gives_the_same_table(legacy, imported_table, tmp_path):
    found = imported_table(legacy.fourmost())
    export_stamps("fourmost", str(tmp_path / "table.parquet"), str(tmp_path / "out"))
    names = sorted(path.name for path in (tmp_path / "out").glob("*.fits"))
    title = "BG_LRG_ELG_QSO_classification_0-zsafe"
    assert names == [f"{title}_{part}.fits" for part in ("test_80_20", "train_80_20_0", "val_80_20_0")]
    again = imported_table(tmp_path / "out", "again.parquet")
    for name in ("candidate_id", "features", "label", "split"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    assert (again.class_names, again.title) == (found.class_names, found.title)


def test_ids_with_leading_zeros_and_above_a_float_survive(legacy, imported_table, tmp_path):
    imported_table(legacy.fourmost())
    from dataclasses import replace

    import pandas as pd

    found = read_table(tmp_path / "table.parquet")
    ids = pd.Series(["0017", str(2**53 + 1), *map(str, range(13))], dtype="str")
    (tmp_path / "out").mkdir()
    FEATURE_TABLES["fourmost"]().write(tmp_path / "out", replace(found, candidate_id=ids))
    assert set(FEATURE_TABLES["fourmost"]().open([tmp_path / "out"]).candidate_id) == set(ids)


@pytest.mark.parametrize(("first", "fault"), [(2**24 + 3, "which may be another id rounded"), (1, "")])
def test_an_id_that_a_float_may_have_rounded_is_refused(tmp_path, first, fault):
    columns = [fits.Column("DES_id", "E", array=np.arange(3) + first), fits.Column("class", "E", array=np.zeros(3))]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "a_train_80_20_0.fits")
    if fault:
        with pytest.raises(InputError, match=fault):
            FEATURE_TABLES["fourmost"]().open([tmp_path])
    else:
        assert FEATURE_TABLES["fourmost"]().open([tmp_path]).candidate_id.tolist() == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"DES_id": [1, 2]}, "needed: DES_id and class"),
        ({"DES_id": [1, 1], "class": [0, 1]}, "id '1' appears in row 0 and again in row 1"),
        ({"DES_id": [1, 2], "class": [0, -1]}, "row 1: label is -1"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, columns, message):
    made = [fits.Column(name, "J", array=np.array(values)) for name, values in columns.items()]
    fits.BinTableHDU.from_columns(made).writeto(tmp_path / "a_train_80_20_0.fits")
    with pytest.raises(InputError, match=message):
        FEATURE_TABLES["fourmost"]().open([tmp_path])


def test_a_file_that_is_no_table_is_named(tmp_path):
    (tmp_path / "a_train_80_20_0.fits").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot read FITS file"):
        FEATURE_TABLES["fourmost"]().open([tmp_path])
