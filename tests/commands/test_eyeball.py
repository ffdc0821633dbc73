import json
import signal
import subprocess
import sys
import urllib.request

import pytest

from commands.eyeball import Asked, _candidates, _first_queue
from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.results.scores_file import read_scores


@pytest.fixture
def night(make_rows, make_cutouts, data_folder):
    folder = data_folder / "toy" / "all" / "2026-01-05"
    folder.mkdir(parents=True)
    return make_cutouts(folder / "FetchCutouts-1.h5", make_rows(["a", "b", "c"], label=[0, 1, -1]))


def scores_of(night):
    path = night.with_name("scores.csv")
    path.write_text("candidate_id,score,label_predicted\na,0.9,1\nb,0.8,1\n")
    return path


def test_the_command_says_where_the_page_is_and_ends_by_ctrl_c(night):
    command = [sys.executable, "-m", "commands.main", "eyeball", "--rows", str(night), "--port", "0", "--person", "ada"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "FetchCutouts-1.h5: 3 candidates\n"
        address = child.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}api/session", timeout=10) as answer:
            session = json.load(answer)
        child.send_signal(signal.SIGINT)
        assert child.stdout.read() == "ended; everything that the page calls stored is on disk\n"
    assert child.returncode == 0
    assert (session["person"], session["count"], session["survey"]) == ("ada", 3, "toy")
    assert (night.parents[2] / "verdicts" / "verdicts.sqlite").is_file()


def test_lists_are_queues_in_their_order_and_the_first_that_is_shown(night, tmp_path):
    (tmp_path / "suspicious.csv").write_text("candidate_id,label\nc,1\na,0\n")
    asked = Asked(infer=None, rows=str(night), suspicious=str(tmp_path), selected="")
    assert _candidates(asked).orders["suspicious"].tolist() == [2, 0]
    assert _first_queue(asked) == "suspicious"
    with pytest.raises(MissingInputError, match="no list of candidates"):
        _candidates(Asked(infer=None, rows=str(night), selected=str(tmp_path / "none.csv")))
    (tmp_path / "odd.csv").write_text("name\na\n")
    with pytest.raises(InputError, match="candidate_id"):
        _candidates(Asked(infer=None, rows=str(night), selected=str(tmp_path / "odd.csv")))


def test_it_has_to_be_said_what_to_show(night):
    with pytest.raises(SettingsError, match="--survey with --night or --dataset, --rows FILE"):
        _candidates(Asked(infer=None))
    with pytest.raises(SettingsError, match="not said what to show"):
        _candidates(Asked(infer=None, scores=str(scores_of(night))))
    assert len(read_scores(scores_of(night))) == 2


def test_a_report_that_does_not_say_what_it_judges_is_named(night, tmp_path):
    with pytest.raises(MissingInputError, match=r"no report .*: it has no provenance\.json"):
        _candidates(Asked(infer=None, report=str(tmp_path)))
    for text in ("[]", "{}", "no JSON", '{"inputs": {"rows": "x"}}'):
        (tmp_path / "provenance.json").write_text(text)
        with pytest.raises(InputError, match="does not say which scores the report judges"):
            _candidates(Asked(infer=None, report=str(tmp_path)))
    (tmp_path / "provenance.json").write_text('{"inputs": {"scores net": "toy/r1/x/Infer-1.parquet"}}')
    with pytest.raises(MissingInputError, match="are gone"):
        _candidates(Asked(infer=None, report=str(tmp_path)))
