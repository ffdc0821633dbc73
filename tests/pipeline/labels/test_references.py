from itertools import combinations

from pipeline.labels.references import Reference

WAYS = (
    Reference(name="labels.csv"),
    Reference(name="labels.csv", columns=(("label", "verdict"),)),
    Reference(name="labels.csv", columns=(("label", "verdict"), ("kind", "type"))),
    Reference(name="labels.csv", words=(("yes", "real"),)),
    Reference(name="other.csv", words=(("yes", "real"),)),
)


def test_a_file_read_in_another_way_is_another_table():
    assert all(one.key != other.key for one, other in combinations(WAYS, 2))


def test_a_table_of_the_survey_is_known_by_its_name():
    assert Reference(name="movers").key == "movers"


def test_what_joins_the_rows_does_not_change_what_is_read():
    assert Reference(name="movers", joined_by="candidate_id").key == Reference(name="movers").key
