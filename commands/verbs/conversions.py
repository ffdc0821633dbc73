"""``nightsift import`` and ``nightsift export``: their arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verbs for files of other systems."""
    read = verbs.add_parser("import", help="make a cutout file from the files of psat-ml, gotorb, gmadet, Galaxy10 ...")
    read.add_argument(
        "format",
        help="psat_list, psat_hdf5, gotorb, gmadet, gmadet_cube, galaxy10, image_folder, fourmost, galaxy_config",
    )
    read.add_argument("path", nargs="+", help="files and folders")
    read.add_argument("--to", required=True, help="the cutout file to make, FILE.h5 (fourmost: FILE.parquet)")
    read.add_argument("--survey", default="imported", help="name of the survey to state [default: imported]")
    read.add_argument("--telescope", default="", help="name of the telescope to state")
    read.add_argument("--pixel-scale", type=float, default=1.0, help="side of a pixel, arcsec [default: 1]")
    read.add_argument("--longitude", type=float, default=0.0, help="of the site, degrees, east positive [default: 0]")
    read.add_argument("--night", default="", help="night of stamps without a time, as 2026-01-05")
    read.add_argument("--channels", default="", help="names of the channels, separated by commas")
    read.add_argument("--size", type=int, default=0, help="side to cut to, pixels [default: as they are]")
    read.add_argument("--max-lost", type=float, default=0.2, help="share that may be unreadable [default: 0.2]")
    read.add_argument("--keep-split", action="store_true", help="make a data set with the parts of the files")
    read.add_argument("--option", action="append", default=[], help="KEY=VALUE, an option of the format")
    read.set_defaults(run=_import)
    write = verbs.add_parser("export", help="write a cutout file or data set in the format of another system")
    write.add_argument("format", help="as for import; or simulated_objects, crossmatch, keras_h5, training_table")
    write.add_argument(
        "file",
        help="a cutout file or data set (fourmost: a table of import; the lists: simulated; keras_h5: a model package; "
        "training_table: a data set of a table)",
    )
    write.add_argument("--to", required=True, help="the file or folder to make")
    write.add_argument("--option", action="append", default=[], help="KEY=VALUE, an option of the format")
    write.set_defaults(run=_export)


def _import(options: argparse.Namespace) -> int:
    from commands import convert

    about = convert.About(
        survey=options.survey,
        telescope=options.telescope,
        pixel_scale_arcsec=options.pixel_scale,
        longitude_deg=options.longitude,
        night=options.night,
        channels=tuple(name.strip() for name in options.channels.split(",") if name.strip()),
        size_pixel=options.size,
        max_lost_fraction=options.max_lost,
        keep_split=options.keep_split,
    )
    return convert.import_stamps(options.format, options.path, options.to, about, convert.parse_options(options.option))


def _export(options: argparse.Namespace) -> int:
    from commands import convert

    return convert.export_stamps(options.format, options.file, options.to, convert.parse_options(options.option))
