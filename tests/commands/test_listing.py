import pytest

from commands.listing import first_sentence, listing


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# One. Two.\na: 1", "One."),
        ("# On two\n# lines", "On two lines"),
        ("# Version 1.5 of it. More.", "Version 1.5 of it."),
        ("a: 1\n# One.", ""),
        ("", ""),
        ("#\n# One.", "One."),
    ],
)
def test_a_settings_file_says_in_its_first_sentence_what_it_is(text, sentence):
    assert first_sentence(text).strip() == sentence


def test_names_of_one_kind_stand_alone_and_those_of_several_under_headings(tmp_path, monkeypatch, capsys):
    for kind in ("surveys", "datasets"):
        (tmp_path / kind).mkdir()
    (tmp_path / "surveys" / "north.yaml").write_text("# The northern sky. Large.\n")
    (tmp_path / "surveys" / "s.yaml").write_text("a: 1\n")
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path))
    assert listing(("surveys",)) == 0
    assert capsys.readouterr().out == "north  The northern sky.\ns\n"
    listing(("surveys", "datasets"))
    assert capsys.readouterr().out == "surveys\n  north  The northern sky.\n  s\n\ndatasets\n"


def test_every_task_says_what_it_does(capsys):
    listing(("tasks",))
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) > 10
    assert all(len(row.split("  ", 1)) == 2 for row in rows)
