"""What of a database decides a result: what its queries ask and where it is, never how patiently it is asked."""

import pytest

from tasks import FetchCutouts


@pytest.fixture
def fingerprint(here):
    """Return a function that tells the identity of the first night's cutouts now."""
    from luigi.task_register import Register

    def tell():
        Register.clear_instance_cache()
        return FetchCutouts(survey="tiny", night=here.nights[0]).fingerprint

    return tell


@pytest.fixture
def change_database(here):
    def change(**values):
        given = here.settings("surveys", "tiny")["input"]
        here.change("surveys", "tiny", input=given | {"database": given["database"] | values})

    return change


def test_a_changed_query_makes_new_cutouts_and_a_changed_comment_does_not(here, fingerprint):
    before = fingerprint()
    query = here.config / "queries" / "generic" / "candidates.sql"
    text = query.read_text()
    query.write_text("-- said otherwise: 'a quote\n" + text.replace("\nFROM", "\n   FROM") + "\n;\n")
    assert fingerprint() == before
    query.write_text(text.rstrip() + " AND c.snr > 6")
    assert fingerprint() != before
    query.write_text(text)
    assert fingerprint() == before


def test_a_query_that_nobody_asks_decides_nothing(here, fingerprint):
    before = fingerprint()
    (here.config / "queries" / "generic" / "hosts.sql").write_text("SELECT 1 AS other")
    assert fingerprint() == before
    (here.config / "queries" / "generic" / "movers.sql").write_text("SELECT 1 AS other")
    assert fingerprint() != before


def test_a_variant_counts_for_its_own_engine_alone(here, fingerprint):
    before = fingerprint()
    queries = here.config / "queries" / "generic"
    text = (queries / "exposures.sql").read_text()
    (queries / "exposures.mysql.sql").write_text(text + " AND 1 = 1")
    assert fingerprint() == before
    (queries / "exposures.sqlite.sql").write_text(text + " AND 1 = 1")
    assert fingerprint() != before


def test_patience_and_user_decide_nothing_and_the_place_does(fingerprint, change_database):
    before = fingerprint()
    change_database(attempts=9, wait_s=1.0, statement_timeout_s=5.0, user="somebody", password_variable="OTHER")
    assert fingerprint() == before
    change_database(file="other.sqlite")
    assert fingerprint() != before
