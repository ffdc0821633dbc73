"""``nightsift candidates``: its arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that shows a scored night."""
    show = verbs.add_parser("candidates", help="show a night's best candidates: a page, CSV or VOTable")
    show.add_argument("survey")
    show.add_argument("night", help="local date of the evening, as 2026-01-05, or an MJD")
    show.add_argument("--top", type=int, default=50, help="how many candidates [default: 50]")
    show.add_argument("--to", default="html", help="FILE.html, FILE.csv or FILE.vot; only csv or votable: "
                      "standard output [default: candidates-SURVEY-NIGHT.html here]")  # fmt: skip
    show.add_argument(
        "--sign", type=int, choices=(1, -1), default=0, help="only brighter (+1) or only fainter (-1) sources"
    )
    show.add_argument("--min-score", type=float, default=float("nan"), help="lowest score, 0 to 1")
    show.add_argument("--by-object", action="store_true", help="only the best candidate of each object")
    show.add_argument("--release", default="", help="release of the scores [default: the survey's]")
    show.add_argument(
        "--package", default="", help="package of the scores, by folder or name, in place of a trained one"
    )
    show.add_argument("--classifier", default="", help="classifier of the scores [default: the survey's]")
    show.add_argument("--dataset", default="", help="data set of the classifier [default: the survey's]")
    show.add_argument("--seed", type=int, default=1, help="seed of the classifier [default: 1]")
    show.add_argument("--scores", default="", help="a scores file, in place of those that Infer makes")
    show.add_argument("--rows", default="", help="cutout file of --scores, if the scores do not name it")
    show.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from commands.candidates import Files, candidates
    from pipeline.scores.ranking import Choice
    from tasks import Infer

    asked = ("survey", "night", "release", "package", "classifier", "dataset", "seed")
    infer = Infer(**{name: getattr(options, name) for name in asked})
    choice = Choice(
        top=options.top, sign=options.sign, min_score=options.min_score, by_object=options.by_object
    )  # fmt: skip
    return candidates(infer, Files(scores=options.scores, rows=options.rows, to=options.to), choice)
