import pytest
from small_packages import change_values, rewrite_manifest, write_small_package

from pipeline.errors import IncompatiblePackageError, InputError, MissingInputError
from pipeline.io.packages.package_content import read_package
from pipeline.io.results.commit import MANIFEST

FILES = ("model.onnx", "posterior.onnx", "history.csv", "package.json")


@pytest.fixture
def small_package(tmp_path):
    """A small package."""
    return write_small_package(tmp_path / "package", "epoch,loss\n1,0.5\n")


def test_a_package_as_written_says_its_values_and_the_digests_of_its_files(small_package):
    found = read_package(small_package)
    assert found.values["thresholds"] == {"fixed": 0.5, "mdr": 0.4}
    assert set(found.digests) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_in_any_file_is_refused_with_its_name(small_package, name):
    data = bytearray((small_package / name).read_bytes())
    data[len(data) // 2] ^= 1
    (small_package / name).write_bytes(data)
    with pytest.raises(InputError, match=rf"package/{name} was changed after it was written: sha256 \w+, manifest"):
        read_package(small_package)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(small_package, name):
    (small_package / name).unlink()
    with pytest.raises(MissingInputError, match=f"{name} is missing"):
        read_package(small_package)


def test_a_mistyped_path_of_a_package_is_told_from_a_folder_that_is_none(small_package, tmp_path):
    with pytest.raises(MissingInputError, match=r"no model package in .*/pakage: there is no such folder"):
        read_package(tmp_path / "pakage")
    with pytest.raises(
        MissingInputError, match=r"no model package in .*/model\.onnx: it is a file; allowed: the folder"
    ):
        read_package(small_package / "model.onnx")
    with pytest.raises(MissingInputError, match=r"no model package in .*: there is no such folder"):
        read_package(tmp_path / ("x" * 300))


def test_a_file_beside_those_of_the_manifest_is_named(small_package):
    (small_package / "other.onnx").touch()
    with pytest.raises(InputError, match=r"other\.onnx is not in manifest\.json: it was added later; remove it"):
        read_package(small_package)


def test_a_package_without_its_manifest_is_refused(small_package):
    (small_package / MANIFEST).unlink()
    with pytest.raises(MissingInputError, match=r"has no manifest\.json, by which its files are checked"):
        read_package(small_package)


def test_a_folder_without_a_package_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"no model package in .*: package\.json is missing"):
        read_package(tmp_path)


def test_another_schema_is_refused(small_package):
    change_values(small_package, lambda values: values.update(schema=99))
    with pytest.raises(IncompatiblePackageError, match="has schema 99; this version reads 1"):
        read_package(small_package)


def test_a_model_file_is_the_one_the_package_was_written_for_whatever_the_manifest_says(small_package):
    (small_package / "model.onnx").write_bytes(b"other")
    rewrite_manifest(small_package)
    with pytest.raises(InputError, match=r"model\.onnx was changed after it was written: .*, package\.json says"):
        read_package(small_package)


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_a_text_that_is_no_package_is_named(small_package, text):
    (small_package / "package.json").write_text(text, encoding="latin-1")
    rewrite_manifest(small_package)
    with pytest.raises(InputError, match=r"package\.json (is not JSON|holds a list)"):
        read_package(small_package)
