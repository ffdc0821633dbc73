import json
from contextlib import closing

import numpy as np
import pytest

from commands.main import main
from pipeline.io.verdicts import Verdict, append, open_store, undo

NIGHTS = ("2026-01-05", "2026-01-06")


@pytest.fixture(scope="module")
def judged(tmp_path_factory, make_rows, make_cutouts):
    """Return a data folder with two nights of 40 candidates, all of them judged by two people, some as hidden gold."""
    data = tmp_path_factory.mktemp("session") / "data"
    told = []
    for night in NIGHTS:
        (data / "synthetic" / "all" / night).mkdir(parents=True)
        names = [f"{night[-1]}{place:02d}" for place in range(40)]
        rows = make_rows(names, label=np.arange(40) % 2, snr=np.linspace(4, 40, 40), night=[night] * 40)
        make_cutouts(data / "synthetic" / "all" / night / "FetchCutouts-a.h5", rows)
        for who in ("ada", "bob"):
            for place, name in enumerate(names):
                right = who == "ada" or place % 10
                told.append(
                    Verdict(
                        survey="synthetic", candidate_id=name, object_id=f"o{name}", night=night, person=who,
                        verdict=("bogus", "real")[place % 2 if right else 1 - place % 2], token=f"{who} {name}",
                        gold=place % 20 == 0, seconds=2.0, keys=0.25,
                    )
                )  # fmt: skip
    with closing(open_store("synthetic", data=data)) as store:
        numbers = append(store, told)
        undo(store, numbers[:1], "ada", ["back"])
    return data


@pytest.fixture
def report(judged, monkeypatch, capsys):
    """Return a function that gives exit code and text of the command."""
    monkeypatch.setenv("NIGHTSIFT_DATA", str(judged))

    def run(*options, survey="synthetic"):
        code = main(["session-report", survey, *options])
        said = capsys.readouterr()
        return code, said.out or said.err

    return run


def test_the_tables_say_how_much_how_fast_and_how_well(report):
    code, said = report()
    assert code == 0
    lines = said.splitlines()
    assert lines[0] == "synthetic: 161 verdicts of 2 people"
    assert any(line.startswith("| person | begin, UTC | minutes | verdicts") for line in lines)
    (session,) = (line for line in lines if line.startswith("| ada | 2"))
    assert session.split(" | ")[3:5] == ["80", "1"]
    assert session.split(" | ")[-1] == "0.27 |"  # 80 verdicts of 0.25 keys, and one to undo, by 79
    assert "detections: 72 retired, 8 open, 0 undecided" in lines
    assert any(line.startswith("| ada, bob | 79 | 91 % |") for line in lines)
    assert "bogus of gold" in said
    assert lines[-1].startswith("bob: too few votes of known SNR to say whether verdicts depend on it: ")


def test_one_object_for_scripts_has_the_same_numbers(report):
    told = json.loads(report("--json")[1])
    assert (told["survey"], told["verdicts"], told["detection"]["items"]["retired"]) == ("synthetic", 161, 72)
    ada, bob = told["detection"]["people"]
    assert (ada["by_gold"]["bogus"]["value"], ada["by_gold"]["bogus"]["votes"]) == (1.0, 3)
    assert (bob["by_gold"]["bogus"]["value"], bob["by_gold"]["bogus"]["votes"]) == (0.0, 4)
    assert ada["agrees"]["votes"] == 79


def test_a_night_and_a_moment_leave_out_the_rest(report):
    assert json.loads(report("--json", "--night", NIGHTS[1])[1])["verdicts"] == 80
    assert json.loads(report("--json", "--night", "61046")[1])["verdicts"] == 80
    assert json.loads(report("--json", "--since", "2026-01-01T00:00:00")[1])["verdicts"] == 161
    code, said = report("--since", "2099-01-01T00:00:00")
    assert code == 1
    assert "no verdict since 2099-01-01T00:00:00 among 161; there are some on 2026-01-05, 2026-01-06" in said
    assert "--since is 'today'; allowed: date and time" in report("--since", "today")[1]


def test_what_retires_a_candidate_is_an_option(report):
    told = json.loads(report("--json", "--agreeing", "3", "--most", "4")[1])
    assert told["detection"]["items"] == {"retired": 0, "open": 80, "undecided": 0}
    assert "agreeing is 9 and most is 5" in report("--agreeing", "9")[1]


def test_rows_that_you_name_know_the_gold_in_place_of_the_nights(report, judged, tmp_path, make_rows, make_cutouts):
    turned = make_cutouts(tmp_path / "turned.h5", make_rows(["500", "520"], label=[1, 1]))
    (ada, _) = json.loads(report("--json", "--rows", str(turned))[1])["detection"]["people"]
    assert (ada["by_gold"]["real"]["value"], ada["by_gold"]["bogus"]["value"]) == (0.0, None)


def test_a_survey_that_nobody_judged_says_so_and_makes_no_file(report, judged):
    code, said = report(survey="synthetic_large")
    assert code == 1
    assert "nobody has judged candidates of 'synthetic_large' yet" in said
    assert not (judged / "synthetic_large").exists()
