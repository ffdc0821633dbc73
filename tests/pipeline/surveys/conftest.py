import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of images; digests are remembered beside it."""
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    (tmp_path / "images").mkdir()
    return tmp_path / "images"
