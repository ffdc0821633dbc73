import pytest

from pipeline.errors import SettingsError
from pipeline.io.database.identifiers import identifier


@pytest.mark.parametrize("name", ["candidates; DROP TABLE x", "a b", "1a", "", "a-b", 'a"', "naïve", "a\0"])
def test_an_identifier_that_is_none_is_refused(name):
    with pytest.raises(SettingsError, match="is not a name of a table or column"):
        identifier(name)


def test_an_identifier_is_returned():
    assert identifier("ra_deg2") == "ra_deg2"
