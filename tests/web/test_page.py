"""The page in a real browser: judged by keyboard, undone, filtered, reloaded, by two people, with a dead server."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from eyeball_pages import HOSTILE, first, opened, served, stored, verdicts

from pipeline.io.verdicts import open_store, read


@pytest.fixture
def page(night, tmp_path):
    with served(night, tmp_path / "data") as (address, desk):
        yield address, desk


def shown(made):
    return [int(row) for row in made.eval_on_selector_all(".cell", "cells => cells.map(cell => cell.dataset.row)")]


def test_a_page_is_judged_by_one_key_and_its_exceptions_by_their_letters(page, browser):
    made, wrong = opened(browser, page[0])
    assert shown(made) == list(range(25))
    assert made.title() == f"toy {HOSTILE}"
    for key in ("b", "d", "ArrowDown", " ", "Enter"):  # the cursor goes from d to i
        made.keyboard.press(key)
    first(made, 25)
    stored(made, 25)
    ids = list(page[1].candidates.rows["candidate_id"])
    expected = {ids[row]: "real" if row in (1, 3, 8) else "bogus" for row in range(25)}
    assert verdicts(page[1]) == expected
    table = read(page[1].book.store)
    assert table["keys"].iloc[0] == pytest.approx(5 / 25)
    assert table["token"].str.rpartition(":")[0].nunique() == 1
    made.keyboard.press("Enter")
    stored(made, 50)

    made.keyboard.press("Backspace")  # back over two pages
    made.keyboard.press("Backspace")
    first(made, 0)
    stored(made, 0)
    assert verdicts(page[1]) == {}
    assert made.locator(".cell[data-verdict='']").count() == 25
    assert wrong == []
    made.context.close()


def test_verdicts_are_found_again_after_a_reload_and_can_still_be_undone(page, browser):
    made, wrong = opened(browser, page[0])
    made.keyboard.press("a")
    made.keyboard.press("Enter")
    stored(made, 25)
    made.reload()
    made.wait_for_selector(".cell[data-verdict=real]")
    assert made.locator(".cell[data-verdict=bogus]").count() == 24
    made.keyboard.press("Enter")  # all are judged: nothing is said twice
    first(made, 25)
    assert len(read(page[1].book.store)) == 25
    made.keyboard.press("Backspace")
    first(made, 0)
    made.wait_for_selector(".cell[data-verdict='']")
    for _ in range(100):
        if not verdicts(page[1]):
            break
        time.sleep(0.05)
    assert verdicts(page[1]) == {}
    assert wrong == []
    made.context.close()


def test_what_was_judged_and_what_fails_a_condition_is_left_out(page, browser):
    made, wrong = opened(browser, page[0])
    made.select_option("label:has-text('grid') select", "2")
    made.wait_for_selector(".cell:last-child[data-row='3']")
    made.keyboard.press("Enter")
    stored(made, 4)
    made.check("text=not yet seen by me")
    first(made, 4)
    made.fill("input[type=text]", "score > 0.9 and magnitude < 20.8")
    made.keyboard.press("Enter")
    first(made, 54)
    made.fill("input[type=text]", "scre > 0.9")
    made.keyboard.press("Enter")
    made.wait_for_selector(".trouble:has-text('score')")
    assert [text for text in wrong if "400" not in text] == []
    made.context.close()


def test_one_candidate_is_seen_with_all_that_is_known_and_judged_by_a_letter(page, browser):
    made, wrong = opened(browser, page[0])
    made.keyboard.press(".")
    made.wait_for_selector("aside h2")
    assert made.inner_text("aside h2") == HOSTILE
    assert made.locator(".panes .pane").count() == 3
    widths = made.eval_on_selector_all(".panes img", "images => images.map(image => image.naturalWidth)")
    assert widths == [47] * 3
    for key in ("+", "/", ",", "-", "/"):
        made.keyboard.press(key)
    made.wait_for_selector("label:has-text('stretch') option[value=zscale]:checked", state="attached")
    made.wait_for_selector("aside:has-text('Labels and what others said')")
    made.keyboard.press("'")
    made.keyboard.press("r")
    made.wait_for_selector("aside h2:text-is('o0')")
    stored(made, 1)
    (row,) = read(page[1].book.store).to_dict("records")
    assert (row["verdict"], row["of"], row["candidate_id"]) == ("real", "object", str(2**53 + 1))
    made.keyboard.press("ArrowLeft")
    made.wait_for_selector("aside h3:has-text('Said so far')")
    assert "real (object), ada" in made.inner_text("aside")
    assert wrong == []
    made.context.close()


def test_keys_are_shown_changed_and_remembered(page, browser):
    made, wrong = opened(browser, page[0])
    assert "rest bogus, go on" in made.inner_text("#keys")
    made.keyboard.press("?")
    made.click("dialog.help tr:has-text('usual verdict and go on') button")
    made.keyboard.press("F9")
    made.keyboard.press("Escape")
    made.reload()
    made.wait_for_selector(".cell")
    assert "F9" in made.inner_text("#keys")
    made.keyboard.press("F9")
    stored(made, 25)
    assert wrong == []
    made.context.close()


def test_a_key_that_comes_before_the_next_page_is_seen_judges_nothing(page, browser):
    made, _ = opened(browser, page[0])
    keys = "for (let n = 0; n < 5; n++) document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}))"
    made.evaluate(f"key => {{ {keys} }}", "Enter")
    first(made, 25)
    stored(made, 25)
    made.context.close()


def test_two_people_at_once_lose_nothing(page, browser):
    people = [opened(browser, page[0], person) for person in ("ada", "bob")]
    for start in (0, 25, 50):
        for made, _ in people:
            first(made, start)
            made.keyboard.press("Enter")
    for made, _ in people:
        stored(made, 60)
    for (made, wrong), person in zip(people, ("ada", "bob"), strict=True):
        assert set(verdicts(page[1], person=person).values()) == {"bogus"}
        assert len(verdicts(page[1], person=person)) == 60
        assert made.inner_text(".empty") == "No candidate is left here."
        assert wrong == []
        made.context.close()


@pytest.mark.parametrize("look", [{"viewport": {"width": 390, "height": 800}}, {"color_scheme": "dark"}])
def test_the_page_fits_a_phone_and_turns_dark(page, browser, look):
    made, wrong = opened(browser, page[0], **look)
    assert made.evaluate("document.documentElement.scrollWidth <= innerWidth")
    paper = made.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, paper[4:-1].split(","))) < 50) == ("color_scheme" in look)
    if "viewport" in look:
        made.click("#touch .go")
        stored(made, 25)
        made.click("#touch button:has-text('grid / one')")
        made.wait_for_selector("aside h2")
        assert made.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wrong == []
    made.context.close()


SERVER = """
    import sys
    from pathlib import Path
    from pipeline.io.verdicts import open_store
    from web.answers import Desk
    from web.app import bound, serve
    from web.candidates import read_candidates
    from web.details import Details
    from web.pictures import Pictures
    from web.verdict_book import VerdictBook
    cutouts, scores, data = sys.argv[1:]
    store = open_store("toy", data=Path(data))
    desk = Desk(candidates=read_candidates(Path(cutouts), Path(scores)), pictures=Pictures(Path(cutouts)),
                book=VerdictBook(store, "toy"), details=Details())
    sockets = bound("127.0.0.1", 0)
    serve(desk, sockets, "", lambda: print(sockets[0].getsockname()[1], flush=True))
"""


def start(night, data):
    command = [sys.executable, "-c", textwrap.dedent(SERVER), *map(str, night), str(data)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
    return child, int(child.stdout.readline())


def stop(child):
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


def test_a_server_that_is_killed_loses_nothing_that_is_confirmed_and_the_page_sends_the_rest_again(
    night, tmp_path, browser
):
    child, port = start(night, tmp_path)
    try:
        made, _ = opened(browser, f"http://127.0.0.1:{port}/")
        made.keyboard.press("Enter")
        stored(made, 25)
        first(made, 25)
        stop(child)
        made.keyboard.press("Enter")
        made.wait_for_selector("#status[data-waiting='25']")
        store = open_store("toy", data=tmp_path)
        assert len(read(store)) == 25
        with served(night, tmp_path, port=port):
            stored(made, 50)
            made.context.close()
        assert read(store)["candidate_id"].nunique() == len(read(store)) == 50
        store.close()
    finally:
        stop(child)
