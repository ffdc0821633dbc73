"""Opens a model package of any kind: of a classifier, a stack of such, or a regressor.

Tested by tests/models/packages/test_regressor_package.py.
"""

from pathlib import Path

from models.scoring.opened_package import OpenedPackage
from models.scoring.regressor import RegressorPackage, load_regressor
from models.scoring.runtime import load
from pipeline.classes import REGRESSOR
from pipeline.io.packages.package_content import read_package


def open_package(directory: Path, *, threads: int = 0) -> OpenedPackage | RegressorPackage:
    """Open a package to score with.

    Parameters
    ----------
    directory : Path
        The package.
    threads : int
        Cores to use; 0 is all.

    Raises
    ------
    MissingInputError, InputError, IncompatiblePackageError
        As :func:`models.scoring.runtime.load`.
    """
    is_regressor = read_package(directory).values.get("family") == REGRESSOR
    return load_regressor(directory, threads=threads) if is_regressor else load(directory, threads=threads)
