"""A pattern that matches nothing is an error, which says where case alone is in the way."""

import re

import pytest

from pipeline.errors import MissingInputError
from pipeline.io.alerts.packet_files import packet_files
from pipeline.surveys.night_paths import require_nights


@pytest.mark.parametrize("pattern", ["raw/*.fits", "raw/{night}/*.fits", "RAW/{night}/*.fits"])
def test_a_pattern_that_case_alone_keeps_from_matching_says_so(tmp_path, pattern):
    file = tmp_path / "raw" / ("2026-01-05/A.FITS" if "{night}" in pattern else "A.FITS")
    file.parent.mkdir(parents=True)
    file.touch()
    meant = (
        rf"no file is called {re.escape(pattern)} below .*; 1 match in another case, first raw/.*A\.FITS: case counts"
    )
    with pytest.raises(MissingInputError, match=meant):
        require_nights(tmp_path, pattern, pattern)


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path):
    with pytest.raises(MissingInputError, match=r"^no file is called raw/\*\.fits below \S+$"):
        require_nights(tmp_path, "raw/*.fits", "raw/*.fits")


def test_a_night_without_a_file_is_none_where_other_nights_have_some(tmp_path):
    (tmp_path / "2026-01-05.csv").touch()
    require_nights(tmp_path, "{night}.csv", "{night}.csv", "2026-01-06")


def test_packets_that_case_alone_keeps_from_matching_are_told(tmp_path):
    (tmp_path / "A.AVRO").touch()
    with pytest.raises(
        MissingInputError, match=r"no alert packets in .*\*\.avro; 1 match in another case, first .*A\.AVRO"
    ):
        packet_files(f"{tmp_path}/*.avro")
