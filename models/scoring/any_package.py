"""Opens a model package of any kind: of a classifier, a stack of such, or a regressor.

Tested by tests/models/packages/test_regressor_package.py.
"""

from pathlib import Path

from models.scoring.opened_package import OpenedPackage
from models.scoring.regressor import RegressorPackage, load_regressor
from models.scoring.runtime import load
from pipeline.classes import REGRESSOR
from pipeline.io.packages.package_content import read_package


def open_package(directory: Path, *, threads: int = 0, device: str = "auto") -> OpenedPackage | RegressorPackage:
    """Open a package to score with.

    Parameters
    ----------
    directory : Path
        The package.
    threads : int
        Cores to use; 0 is all.
    device : {"auto", "cpu", "gpu"}
        What computes, as of :func:`models.scoring.runtime.load`.

    Raises
    ------
    MissingInputError, InputError, IncompatiblePackageError
        As :func:`models.scoring.runtime.load`.
    """
    is_regressor = read_package(directory).values.get("family") == REGRESSOR
    opened = load_regressor if is_regressor else load
    return opened(directory, threads=threads, device=device)
