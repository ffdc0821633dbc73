"""Opening, importing and exporting sets of stamps in tests."""

import pytest

from commands.convert import About, export_stamps, import_stamps
from pipeline.io.legacy.load import open_format
from pipeline.io.results.cutout_file import open_cutouts


@pytest.fixture
def opened():
    """Return a function that opens paths in a format."""

    def make(name, *paths, channels=(), size_pixel=0, **options):
        return open_format(name, options, "test").open(list(paths), channels=channels, size_pixel=size_pixel)

    return make


@pytest.fixture
def imported(tmp_path):
    """Return a function that imports paths, and gives the rows and the pixels of the cutout file."""

    def make(name, *paths, to="imported.h5", options=None, **about):
        import_stamps(name, list(map(str, paths)), str(tmp_path / to), About(**about), options)
        with open_cutouts(tmp_path / to) as file:
            return file.candidates(), file.pixels(), file.header

    return make


@pytest.fixture
def exported(tmp_path):
    """Return a function that exports a cutout file and gives the path."""

    def make(name, file="imported.h5", to="exported", **options):
        export_stamps(name, str(tmp_path / file), str(tmp_path / to), options)
        return tmp_path / to

    return make
