import h5py
import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.io.tables.redshift_pdfs import read_redshift_pdfs, write_redshift_pdfs
from pipeline.redshifts.binned_pdfs import BinnedPdfs

EDGES = np.array([0.0, 0.1, 0.3, 1.0])


def pdfs():
    masses = np.random.default_rng(0).random((4, 3))
    masses[2] = np.nan
    return BinnedPdfs.of(EDGES, masses)


IDS = np.array(["a", "b", "c", "é" * 3], dtype=object)


def test_what_is_written_comes_back_without_the_rows_that_have_none(tmp_path):
    left_out = write_redshift_pdfs(tmp_path / "z.hdf5", pdfs(), {"candidate_id": IDS, "z": np.arange(4.0)})
    again, columns = read_redshift_pdfs(tmp_path / "z.hdf5")
    assert left_out == 1
    np.testing.assert_allclose(again.masses, pdfs().masses[[0, 1, 3]], atol=1e-15)
    assert columns["candidate_id"].tolist() == ["a", "b", "ééé"]
    assert columns["z"].tolist() == [0.0, 1.0, 3.0]


@pytest.mark.replaces("4most", "M12")
def test_the_layout_is_that_of_qp_1_1(tmp_path):
    """As ``qp.Ensemble(qp.hist, ...).write_to`` of qp-prob 1.1.4 writes it, shapes and types included."""
    write_redshift_pdfs(tmp_path / "z.hdf5", pdfs(), {"candidate_id": IDS})
    with h5py.File(tmp_path / "z.hdf5") as file:
        assert sorted(file) == ["ancil", "data", "meta"]
        assert (file["meta/pdf_name"].dtype, file["meta/pdf_name"][()].tolist()) == (np.dtype("S4"), [b"hist"])
        assert (file["meta/pdf_version"].dtype, file["meta/pdf_version"][()].tolist()) == (np.dtype("i8"), [0])
        assert file["meta/bins"].shape == (1, 4)
        assert file["data/pdfs"].dtype == np.float64
        np.testing.assert_allclose(file["data/pdfs"][()] @ np.diff(EDGES), 1.0)
        assert file["ancil/candidate_id"].dtype.kind == "S"


def test_columns_that_do_not_fit_and_empty_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"column 'z' has shape \(3,\) for 4 distributions"):
        write_redshift_pdfs(tmp_path / "z.hdf5", pdfs(), {"z": np.arange(3)})
    with pytest.raises(InputError, match="none of 1 rows"):
        write_redshift_pdfs(tmp_path / "z.hdf5", pdfs().rows([2]), {})


@pytest.mark.parametrize(("change", "message"), [("meta/bins", "has no meta/bins"), ("kind", "of the kind 'interp'")])
def test_other_files_are_refused(tmp_path, change, message):
    write_redshift_pdfs(tmp_path / "z.hdf5", pdfs(), {})
    with h5py.File(tmp_path / "z.hdf5", "r+") as file:
        if change == "kind":
            del file["meta/pdf_name"]
            file["meta/pdf_name"] = np.array([b"interp"])
        else:
            del file[change]
    with pytest.raises(InputError, match=message):
        read_redshift_pdfs(tmp_path / "z.hdf5")
