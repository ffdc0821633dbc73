"""``nightsift import`` and ``nightsift export``: the files of other systems into ours, and back."""

import logging
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from commands.galaxy_import import GALAXY_CONFIG, import_galaxy_config
from commands.training_table import TRAINING_TABLE, write_training_table
from pipeline.errors import InputError, MissingInputError, SettingsError, UnknownNameError
from pipeline.fingerprint import fingerprint
from pipeline.io.files.bounded_yaml import parse_yaml
from pipeline.io.legacy import crossmatch_list, simulated_objects  # noqa: F401  (they register themselves)
from pipeline.io.legacy.base import STAMP_SETS, StampSet
from pipeline.io.legacy.load import open_format
from pipeline.io.legacy.truth_lists import TRUTH_LISTS, write_truth_list
from pipeline.io.results import provenance
from pipeline.io.results.commit import MANIFEST, commit
from pipeline.io.results.content import content_sha256, frame_digest
from pipeline.io.results.cutout_file import ImageFile, open_cutouts
from pipeline.io.tables.feature_tables import FEATURE_TABLES, read_table, write_table
from pipeline.surveys.defaults import Defaults
from pipeline.surveys.legacy.cutout_files import write_cutout_file, write_parts
from pipeline.surveys.settings import ClosedRule, SurveySettings

log = logging.getLogger(__name__)

KERAS_H5 = "keras_h5"
"""The format of a package's network: a weight file of Keras 2."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What the files of other systems do not say, as the command line states it.

    Attributes
    ----------
    survey, telescope : str
        Names to state.
    pixel_scale_arcsec : float
        Side of a pixel, arcsec.
    longitude_deg : float
        Longitude of the site in degrees, for the night of stamps with a time.
    night : str
        The night of stamps without a time; may be empty.
    channels : tuple of str
        Names of the channels; empty: the format's own.
    size_pixel : int
        Side to cut to; 0: as the stamps are.
    max_lost_fraction : float
        Share of the stamps that may be unreadable.
    keep_split : bool
        Write a data set with the parts of the files instead of a cutout file.
    """

    survey: str = "imported"
    telescope: str = ""
    pixel_scale_arcsec: float = 1.0
    longitude_deg: float = 0.0
    night: str = ""
    channels: tuple[str, ...] = ()
    size_pixel: int = 0
    max_lost_fraction: float = 0.2
    keep_split: bool = False


def import_stamps(
    format_name: str, paths: Sequence[str], out: str, about: About, options: Mapping[str, object] | None = None
) -> int:
    """Write a cutout file (or, with ``keep_split``, a data set) from the files of another system.

    Parameters
    ----------
    format_name : str
        A name in `STAMP_SETS` or `FEATURE_TABLES`, or ``galaxy_config``.
    paths : sequence of str
        What to read.
    out : str
        The file to write; an existing file with other content is an error.
    about : About
        What the files do not say.
    options : mapping, optional
        Options of the format.
    """
    sources = [Path(path) for path in paths]
    absent = [path for path in sources if not path.exists()]
    if absent:
        raise MissingInputError(f"no file or folder {absent[0]}")
    if format_name == GALAXY_CONFIG:
        return import_galaxy_config(sources, Path(out), about.survey)
    _require_known(format_name, [GALAXY_CONFIG])
    if format_name in FEATURE_TABLES:
        table = FEATURE_TABLES[format_name]().open(sources)
        return _place(Path(out), lambda scratch: write_table(scratch, table), f"{len(table.candidate_id)} rows")
    stamps = open_format(format_name, options or {}, f"options of {format_name}").open(
        sources, channels=about.channels, size_pixel=about.size_pixel
    )
    settings = _settings(stamps, about)
    record = _record(format_name, stamps, about, options or {})
    write = write_parts if about.keep_split else write_cutout_file
    return _place(
        Path(out), lambda scratch: write(scratch, stamps, settings, about.survey, about.night, record), _counts
    )


def export_stamps(format_name: str, cutouts: str, out: str, options: Mapping[str, object] | None = None) -> int:
    """Write a cutout file, data set or model package in the format of another system.

    Parameters
    ----------
    format_name : str
        A name in `STAMP_SETS`, `FEATURE_TABLES` or `TRUTH_LISTS`, ``keras_h5`` or ``training_table``.
    cutouts : str
        What to write: a cutout file or data set, without planes of variance and PSF; a table, simulated transients, or
        a model package.
    out : str
        The file or folder to make; an existing one with other content is an error.
    options : mapping, optional
        Options of the format.
    """
    if format_name == KERAS_H5:
        return _place_weights(Path(cutouts), Path(out))
    if format_name == TRAINING_TABLE:
        write_rows = partial(write_training_table, Path(out), dataset_file=Path(cutouts), options=options or {})
        return _place_counted(Path(out), write_rows)
    if format_name in TRUTH_LISTS:
        return _place_counted(
            Path(out), partial(write_truth_list, format_name, simulated=Path(cutouts), options=options or {})
        )
    _require_known(format_name, TRUTH_LISTS, [KERAS_H5, TRAINING_TABLE])
    if format_name in FEATURE_TABLES:
        table = read_table(Path(cutouts))
        return _place(Path(out), lambda scratch: FEATURE_TABLES[format_name]().write(scratch, table),
                      f"{len(table.candidate_id)} rows", directory=True)  # fmt: skip
    target = open_format(format_name, options or {}, f"options of {format_name}")
    with ImageFile(Path(cutouts)) as file:
        return _place(
            Path(out), lambda scratch: target.write(scratch, file), f"{len(file)} stamps",
            directory=target.writes_directory,
        )  # fmt: skip


def parse_options(texts: Sequence[str]) -> dict[str, object]:
    """Return ``KEY=VALUE`` texts as a mapping; values are YAML, so ``[-31415]`` is a list of one number.

    Examples
    --------
    >>> parse_options(["hdu=1", "edge=pad", "magic_values=[-31415]"])
    {'hdu': 1, 'edge': 'pad', 'magic_values': [-31415]}
    """
    options: dict[str, object] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key or key in options:
            raise SettingsError(f"--option {text!r}; allowed: KEY=VALUE, each key once")
        options[key] = parse_yaml(value, f"--option {text!r}") if value else ""
    return options


def _require_known(format_name: str, *others: Iterable[str]) -> None:
    known = [*STAMP_SETS, *FEATURE_TABLES, *(name for names in others for name in names)]
    if format_name not in known:
        raise UnknownNameError("format", format_name, known)


def _place_counted(out: Path, write: Callable[[Path], int]) -> int:
    """Write a list or a table by what returns its number of rows, and say it."""
    rows: list[int] = []
    return _place(out, lambda scratch: rows.append(write(scratch)), lambda _: f"{rows[0]} rows")


def _place_weights(package: Path, out: Path) -> int:
    """Write the weights of a package's network, and say how many they are."""
    from models.packages.keras_h5 import export_keras_h5

    counts: list[int] = []
    return _place(
        out, lambda scratch: counts.append(export_keras_h5(package, scratch)), lambda _: f"{counts[0]:,} weights"
    )


def _settings(stamps: StampSet, about: About) -> SurveySettings:
    """Return the settings under which the rows are completed."""
    return SurveySettings(
        source="stamp_set",
        telescope=about.telescope,
        longitude_deg=about.longitude_deg,
        pixel_scale_arcsec=about.pixel_scale_arcsec,
        channels=stamps.channels,
        cutout_size_pixel=stamps.size_pixel,
        closed=ClosedRule(after_hours=0),
        defaults=Defaults(dataset="", classifier=""),
        input={},
        max_lost_fraction=about.max_lost_fraction,
        max_edge_fraction=1.0,
    )


def _record(format_name: str, stamps: StampSet, about: About, options: Mapping[str, object]) -> dict[str, object]:
    """Return the provenance of an import."""
    identity = {"format": format_name, "options": dict(options), "rows": frame_digest(stamps.rows)}
    return provenance.record(
        task="import",
        fingerprint=fingerprint({**identity, "about": about}),
        identity=identity,
        inputs={},
        started=provenance.now(),
    )


def _counts(path: Path) -> str:
    with open_cutouts(path) as file:
        counts = file.provenance["counts"]
    left_out = "".join(f"; {number} left out: {reason}" for reason, number in sorted(counts["dropped"].items())[:10])
    return f"{counts['kept']} cutouts{left_out}"


def _place(
    target: Path, write: Callable[[Path], None], said: str | Callable[[Path], str], *, directory: bool = False
) -> int:
    """Write a target whole or not at all; an existing one is kept if it is the same, else it is an error."""
    if target.is_symlink() or target.exists():
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".again-") as folder:
            again = Path(folder) / target.name
            if directory:
                again.mkdir()
            write(again)
            if not _same(target, again):
                raise InputError(f"{target} exists and holds something else; remove it or name another file")
        sys.stdout.write(f"{target} exists already and is the same\n")
        return 0
    commit(target, write, directory=directory)
    sys.stdout.write(f"{target}: {said if isinstance(said, str) else said(target)}\n")
    return 0


def _same(one: Path, other: Path) -> bool:
    """Tell whether two files, or all files of two directories, have the same content; unreadable ones do not."""
    try:
        return _contents(one) == _contents(other)
    except (OSError, ValueError, RuntimeError):
        return False


def _contents(path: Path) -> dict[str, str]:
    files = [file for file in path.rglob("*") if file.is_file() and file.name != MANIFEST] if path.is_dir() else [path]
    return {"" if file == path else file.relative_to(path).as_posix(): content_sha256(file) for file in files}
