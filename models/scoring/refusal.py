"""Whether a package that is given can score a survey at all, which is known before a night of it is read."""

from collections.abc import Iterable
from pathlib import Path

from models.graphs.runtimes import Runtime
from models.inputs.metadata import METADATA
from models.scoring.asked_samples import require_dropout
from models.scoring.judged import may_give_reasons
from models.scoring.model_inputs import contract_of, require_columns
from models.scoring.reasons import ALLOWED
from models.scoring.stacked import MEMBERS
from pipeline.errors import IncompatiblePackageError
from pipeline.io.packages.package_content import read_package
from pipeline.io.results.cutout_header import CutoutHeader


def require_samples(folder: Path, count: int) -> None:
    """Refuse a package that has no dropout to sample, before anything that it would score is made.

    Raises
    ------
    IncompatiblePackageError
        As `models.scoring.asked_samples.require_dropout`.
    MissingInputError, InputError
        If there is no package, or it is not as it was written.
    """
    require_dropout(read_package(folder).values, folder, count)


def require_reasons(folder: Path) -> None:
    """Refuse a package that cannot give reasons, before anything that it would score is made.

    Raises
    ------
    IncompatiblePackageError
        If neither it nor a member of it keeps what the training rows of each class are like.
    MissingInputError, InputError
        If there is no package, or it is not as it was written.
    """
    values = read_package(folder).values
    members = [read_package(folder / MEMBERS / entry["folder"]).values for entry in values.get("members", ())]
    if not any(may_give_reasons(content) for content in (values, *members)):
        raise IncompatiblePackageError(f"{values['name']} cannot give reasons; {ALLOWED}")


def require_fit(folder: Path, header: CutoutHeader) -> None:
    """Refuse cutouts that a package was not made for, and a package that nothing here can run.

    Parameters
    ----------
    folder : Path
        The package.
    header : CutoutHeader
        Of the cutouts that are to be scored; they need not be there yet.

    Raises
    ------
    IncompatiblePackageError
        With every difference of channels, size and state of the pixels, both sides stated; for columns that the package
        or a member of it takes beside them and the cutouts lack; or for the runtime of either.
    MissingInputError, InputError
        If there is no package, or it is not as it was written.
    """
    values = read_package(folder).values
    folders = [folder, *(folder / MEMBERS / entry["folder"] for entry in values.get("members", ()))]
    contents = [values, *(read_package(member).values for member in folders[1:])]
    for content, place in zip(contents, folders, strict=True):
        Runtime.of(content, place)
    contract_of(values).check(channels=header.channels, size_pixel=header.size_pixel, pixel_state=header.pixel_state)
    needed = (name for content in contents for name in (content.get(METADATA) or {}).get("columns", ()))
    require_columns(tuple(dict.fromkeys(needed)), header.columns)


def require_all_fit(folders: Iterable[Path], header: CutoutHeader) -> None:
    """Refuse cutouts that one of several packages was not made for; as `require_fit`, with the package's name.

    Parameters
    ----------
    folders : iterable of Path
        The packages, as named by ``--packages``.
    header : CutoutHeader
        Of the cutouts that are to be scored.
    """
    for folder in folders:
        try:
            require_fit(folder, header)
        except IncompatiblePackageError as error:
            raise IncompatiblePackageError(f"--packages {folder}: {error}") from None
