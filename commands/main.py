"""``nightsift``: the verbs that are no tasks.

Tested by tests/integration/test_commands.py.
"""

import argparse
import importlib.metadata
import os
import sys
from collections.abc import Sequence

from pipeline.io import tracebacks
from pipeline.redaction import hide_secrets

FAULT = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; what goes wrong is one line and 1, a reader that stops reading is not.

    A bug keeps its traceback in a file, as `pipeline.io.tracebacks` says; Ctrl-C is 130.
    """
    hide_secrets()
    parser, given = _parser(), list(sys.argv[1:] if arguments is None else arguments)
    options, rest = parser.parse_known_args(given)
    if rest and options.verb != "plan":
        parser.error(f"unrecognised: {' '.join(rest)}")
    try:
        code = int(_run(options, rest))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:
        tracebacks.show(type(error), error, error.__traceback__)
        return tracebacks.INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAULT
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nightsift", description="Verbs of Nightsift beside its luigi tasks.")
    parser.add_argument("--version", action="version", version=f"nightsift {importlib.metadata.version('nightsift')}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    check = verbs.add_parser("check", help="validate a survey or recipe: keys, columns, files, queries; all faults")
    check.add_argument(
        "name", help="name of a file in config/surveys, datasets, classifiers or simulations; or the path of a file"
    )
    check.add_argument(
        "--all", action="store_true", help="read the images or stamps of every night of a survey, not the newest alone"
    )
    listed = verbs.add_parser("list", help="list tasks, surveys, data sets, simulations and classifiers")
    listed.add_argument("kind", nargs="?", choices=("tasks", "surveys", "datasets", "simulations", "classifiers"))
    plan = verbs.add_parser("plan", help="show what a task would build, and why", add_help=False)
    plan.add_argument("task", help="as for luigi: a task and its parameters")
    status = verbs.add_parser("status", help="compare each night's input with what was frozen")
    status.add_argument("survey")
    refetch = verbs.add_parser("refetch", help="freeze a night's input anew, so that the next run uses it")
    refetch.add_argument("survey")
    refetch.add_argument("night", help="a night, several as 2026-01-01,2026-01-03, or a range 2026-01-01..2026-01-06")
    refetch.add_argument(
        "--labels", action="store_true", help="take new labels alone: no image is looked at, cut or subtracted again"
    )
    nights = verbs.add_parser("nights", help="list the nights that hold candidates, for a data-set recipe")
    nights.add_argument("survey")
    table = verbs.add_parser("table", help="print the figures of report directories as Markdown")
    table.add_argument("report", nargs="+", help="a report directory of PlotResults")
    _add_candidates(verbs)
    _add_conversions(verbs)
    verbs.add_parser("demo", help="build a classifier and its report on a synthetic sky")
    scheduler = verbs.add_parser("scheduler", help="start the central scheduler and the page server, on 127.0.0.1")
    scheduler.add_argument("--port", type=int, default=8082, help="port of the scheduler [default: 8082]")
    scheduler.add_argument(
        "--report-port",
        type=int,
        default=8083,
        help="port of the reports, as in report_url of luigi.cfg [default: 8083]",
    )
    return parser


def _add_candidates(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb that shows a scored night."""
    show = verbs.add_parser("candidates", help="show a night's best candidates: a page, CSV or VOTable")
    show.add_argument("survey")
    show.add_argument("night", help="local date of the evening, as 2026-01-05, or an MJD")
    show.add_argument("--top", type=int, default=50, help="how many [default: 50]")
    show.add_argument("--to", default="html", help="FILE.html, FILE.csv or FILE.vot; csv or votable alone: "
                      "standard output [default: candidates-SURVEY-NIGHT.html here]")  # fmt: skip
    show.add_argument("--sign", type=int, choices=(1, -1), default=0, help="only +1, brighter, or -1, fainter")
    show.add_argument("--min-score", type=float, default=float("nan"), help="least score, 0 to 1")
    show.add_argument("--by-object", action="store_true", help="of each object its best candidate alone")
    show.add_argument("--release", default="", help="release of the scores [default: the survey's]")
    show.add_argument("--package", default="", help="package of the scores, in place of a trained one")
    show.add_argument("--classifier", default="", help="classifier of the scores [default: the survey's]")
    show.add_argument("--dataset", default="", help="data set of the classifier [default: the survey's]")
    show.add_argument("--seed", type=int, default=1, help="seed of the classifier [default: 1]")
    show.add_argument("--scores", default="", help="a scores file, in place of those that Infer makes")
    show.add_argument("--rows", default="", help="cutout file of --scores, where these do not know it")


def _run_candidates(options: argparse.Namespace) -> int:
    from commands.candidates import Given, candidates
    from pipeline.scores.ranking import Choice
    from tasks import Infer

    asked = ("survey", "night", "release", "package", "classifier", "dataset", "seed")
    infer = Infer(**{name: getattr(options, name) for name in asked})
    choice = Choice(
        top=options.top, sign=options.sign, min_score=options.min_score, by_object=options.by_object
    )  # fmt: skip
    return candidates(infer, Given(scores=options.scores, rows=options.rows, to=options.to), choice)


def _add_conversions(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs for files of other systems."""
    read = verbs.add_parser("import", help="make a cutout file from the files of psat-ml, gotorb, gmadet, Galaxy10 ...")
    read.add_argument("format", help="psat_list, psat_hdf5, gotorb, gmadet, gmadet_cube, galaxy10, fourmost")
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
    write = verbs.add_parser("export", help="write a cutout file or data set in the format of another system")
    write.add_argument("format", help="as for import; or simulated_objects, crossmatch")
    write.add_argument("file", help="a cutout file or data set (fourmost: a table of import; the lists: simulated)")
    write.add_argument("--to", required=True, help="the file or folder to make")
    write.add_argument("--option", action="append", default=[], help="KEY=VALUE, an option of the format")


def _run_conversion(options: argparse.Namespace) -> int:
    from commands import convert

    extra = convert.parse_options(options.option)
    if options.verb == "export":
        return convert.export_stamps(options.format, options.file, options.to, extra)
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
    return convert.import_stamps(options.format, options.path, options.to, about, extra)


def _run(options: argparse.Namespace, rest: list[str]) -> int:
    if options.verb == "check":
        from commands.check import check

        return check(options.name, options.all)
    if options.verb == "plan":
        from commands.plan import plan

        return plan([options.task, *rest])
    if options.verb == "list":
        from commands.listing import KINDS, listing

        return listing((options.kind,) if options.kind else KINDS)
    if options.verb == "demo":
        from commands.demo import demo

        return demo()
    if options.verb == "scheduler":
        from commands.scheduler import serve

        return serve(options.port, options.report_port)
    if options.verb == "table":
        from commands.table import table

        return table(options.report)
    if options.verb == "candidates":
        return _run_candidates(options)
    if options.verb in ("import", "export"):
        return _run_conversion(options)
    from commands import nights

    if options.verb == "refetch":
        again = nights.relabel if options.labels else nights.refetch
        return max(again(options.survey, night) for night in nights.asked(options.survey, options.night))
    return nights.status(options.survey) if options.verb == "status" else nights.listing(options.survey)


if __name__ == "__main__":
    sys.exit(main())
