"""No message, log or record tells the user, password or token of an address."""

import io
import logging
import pickle
import subprocess
import sys
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError, SettingsError, UnknownNameError, UnreachableError
from pipeline.io.results import provenance
from pipeline.redaction import all_redacted, beginning, harmless, hide_secrets, redacted, what_went_wrong, without_user

ADDRESS = "https://me:hunter2@example.org/orbits?date=2026-01-01&api_key=abc123"
SECRETS = ("hunter2", "abc123", "me:")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pw@h.org/x", "https://***@h.org/x"),
        ("ftp://token@h.org/x", "ftp://***@h.org/x"),
        ("https://me:p@ss@h.org/x", "https://***@h.org/x"),
        ("https://me:p/ss@h.org/x", "https://***@h.org/x"),
        ("https://me:it's@h.org/x", "https://***@h.org/x"),
        ("no answer of 'http://a:b@c/', nor of 's3://k:s@d'", "no answer of 'http://***@c/', nor of 's3://***@d'"),
        ("url: /orbits?token=abc (Caused by", "url: /orbits?token=*** (Caused by"),
        ("https://h/x?user=me&password=pw&n=5", "https://h/x?user=***&password=***&n=5"),
        ("https://h/x?sig=aa%3D&se=2026", "https://h/x?sig=***&se=2026"),
        ("https://h/x?X-Amz-Signature=aa&X-Amz-Credential=b", "https://h/x?X-Amz-Signature=***&X-Amz-Credential=***"),
        ("https://h/x#access_token=abc", "https://h/x#access_token=***"),
        ('invalid dsn "host=h password=pw dbname=d"', 'invalid dsn "host=h password=*** dbname=d"'),
    ],
)
def test_a_secret_is_hidden_and_the_rest_stays(text, shown):
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://h.org:8080/a@b",
        "https://h.org/@me/orbits.dat",
        "https://[::1]:80/x@y",
        "https://h.org/x?signal=4&design=5&compass=n",
        "me@example.org, and later https://h.org:80/",
        "/data//a@1.fits",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(text):
    assert redacted(text) == text


@given(st.text(min_size=4, max_size=12, alphabet="abcXYZ0123:;@!$%^&*()+,=~|{}'"))
def test_no_password_however_odd_is_told(password):
    assert redacted(f"no answer of https://user-q:{password}@host-q/path") == "no answer of https://***@host-q/path"
    assert quote(password, safe="") not in redacted(f"'https://host-q/path?password={quote(password, safe='')}'")


@given(st.text(max_size=60))
def test_what_is_redacted_stays_redacted(text):
    assert redacted(redacted(text)) == redacted(text)


def test_a_text_is_redacted_before_it_is_cut():
    assert beginning(f"see {ADDRESS}", 20) == "see https://***@exam"
    assert what_went_wrong(OSError(f"no  answer\nof {ADDRESS}")).startswith("OSError: no answer of https://***@example")


def test_texts_are_redacted_at_any_depth_and_other_values_stay():
    given = {"a": [ADDRESS, {"b": (ADDRESS, 3, None)}], "c": 0.5}
    hidden = redacted(ADDRESS)
    assert all_redacted(given) == {"a": [hidden, {"b": (hidden, 3, None)}], "c": 0.5}


@pytest.mark.parametrize("kind", [InputError, MissingInputError, SettingsError, UnreachableError])
def test_no_error_tells_a_secret_even_from_another_process(kind):
    error = kind(f"{ADDRESS}: no answer")
    for text in (str(error), repr(error), str(pickle.loads(pickle.dumps(error)))):
        assert "example.org" in text
        assert not any(secret in text for secret in SECRETS)
    assert "hunter2" not in str(UnknownNameError("catalogue", ADDRESS, [ADDRESS]))


def test_the_record_of_a_result_tells_no_secret():
    told = provenance.record(
        task="FetchCutouts", fingerprint="0", identity={"decides": {"server": [ADDRESS]}}, inputs={}, started=""
    )
    assert told["identity"] == {"decides": {"server": [redacted(ADDRESS)]}}


@pytest.fixture
def hiding(monkeypatch):
    """Secrets hidden in this process, until the test is over."""
    before = logging.getLogRecordFactory()
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    hide_secrets()
    yield
    logging.setLogRecordFactory(before)


def test_no_library_logs_a_secret_whatever_handler_shows_it(hiding):
    told = io.StringIO()
    handler, logger = logging.StreamHandler(told), logging.getLogger("a.library.of.others")
    logger.addHandler(handler)
    try:
        logger.warning("asking %s", ADDRESS)
        try:
            raise OSError(ADDRESS)
        except OSError:
            logger.exception("no answer")
    finally:
        logger.removeHandler(handler)
        handler.close()
    assert told.getvalue().count("https://***@example.org/orbits?date=2026-01-01&api_key=***") == 2
    assert not any(secret in told.getvalue() for secret in SECRETS)


@pytest.mark.parametrize("module", ["commands.main", "tasks"])
def test_an_error_that_nothing_caught_ends_the_process_without_a_secret(module):
    start = {"commands.main": "import commands.main as m; m.nights._listing = boom; sys.exit(m.main(['nights', 'x']))",
             "tasks": "import tasks; boom()"}[module]  # fmt: skip
    code = f"import sys\ndef boom(*_):\n    raise OSError('no answer of ' + sys.argv[1])\n{start}"
    ended = subprocess.run([sys.executable, "-c", code, ADDRESS], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "OSError: no answer of https://***@example.org/" in ended.stderr
    assert not any(secret in ended.stderr for secret in SECRETS)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8083", "https://h.org/a@b?c=d", ""])
def test_an_address_without_a_user_stays_as_it_is(address):
    assert without_user(address) == address


def test_a_link_that_anybody_sees_holds_no_user():
    assert without_user("https://me:p@ss@h.org:8083/x") == "https://h.org:8083/x"


COMMANDS = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\x08\u202e\u2028"


@given(st.text())
def test_nothing_that_commands_a_terminal_is_left_and_all_else_stays(text):
    left = harmless(text)
    assert all(letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs", "Zl", "Zp") for letter in left)
    assert harmless(left) == left
    assert harmless("Größe 5″ ≥ 3 µm\n\tα") == "Größe 5″ ≥ 3 µm\n\tα"


@pytest.mark.parametrize("kind", [InputError, MissingInputError, SettingsError, UnreachableError])
def test_an_error_commands_no_terminal_and_is_one_line(kind):
    error = kind(f"no candidate {COMMANDS}\nERROR: forged")
    for text in (str(error), str(pickle.loads(pickle.dumps(error)))):
        assert text == (
            r"no candidate \x1b[2J\x1b]0;owned\x07\x9b31m\r\x08\u202e\u2028\nERROR: forged"
        )  # fmt: skip


def test_no_library_logs_an_escape_code(hiding):
    told = io.StringIO()
    handler, logger = logging.StreamHandler(told), logging.getLogger("a.library.of.others")
    logger.addHandler(handler)
    try:
        logger.warning("left out %s", COMMANDS)
        try:
            raise OSError(COMMANDS)
        except OSError:
            logger.exception("no answer")
    finally:
        logger.removeHandler(handler)
        handler.close()
    assert told.getvalue().count(r"\x1b[2J\x1b]0;owned\x07\x9b31m") == 2
    assert not set(COMMANDS) & set(told.getvalue()) - set("[]2J0;owned31m")


@pytest.mark.parametrize("module", ["commands.main", "tasks"])
def test_an_error_that_nothing_caught_writes_no_escape_code(module):
    start = {"commands.main": "import commands.main as m; m.nights._listing = boom; sys.exit(m.main(['nights', 'x']))",
             "tasks": "import tasks; boom()"}[module]  # fmt: skip
    code = f"import sys\ndef boom(*_):\n    raise OSError('no file ' + sys.argv[1])\n{start}"
    ended = subprocess.run([sys.executable, "-c", code, COMMANDS], capture_output=True, text=True, check=False)
    assert r"OSError: no file \x1b[2J" in ended.stderr
    assert "\x1b" not in ended.stderr
