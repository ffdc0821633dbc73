"""The page while its server is slow, gone, behind a proxy that is not, or shows another night."""

import time

import pytest
from eyeball_pages import first, opened, served, stored, verdicts

from pipeline.io.verdicts import read


@pytest.fixture
def page(night, tmp_path):
    with served(night, tmp_path / "data") as (address, desk):
        yield address, desk


SLOW = """
    {
    const quick = window.fetch;
    delete Crypto.prototype.randomUUID;  // as on pages of other machines without TLS
    window.fetch = async (address, ...more) => {
      const waits = window.slow?.(String(address)) ?? 0;
      if (waits) await new Promise((done) => setTimeout(done, waits));
      return quick(address, ...more);
    };
    }
    undefined;  // or else what is evaluated is called
"""


def slow(made, path, ms=1500):
    made.evaluate(f"() => {{ window.slow = (address) => (address.includes('{path}') ? {ms} : 0); }}")


def test_a_click_that_comes_before_the_next_page_is_seen_marks_nothing(page, browser):
    made, wrong = opened(browser, page[0])
    made.evaluate(SLOW)
    slow(made, "/api/rows")
    made.select_option("label:has-text('grid') select", "8")  # rows of which some are not there yet
    made.click(".cell:nth-child(3)")
    made.wait_for_selector(".cell:nth-child(60)")
    assert made.locator(".cell.marked").count() == 0
    made.keyboard.press("Enter")
    stored(made, 60)
    assert set(verdicts(page[1]).values()) == {"bogus"}
    assert wrong == []
    made.context.close()


def test_what_was_marked_stays_marked_in_another_stretch(page, browser):
    made, _ = opened(browser, page[0])
    before = made.get_attribute(".cell:nth-child(3) img", "src")
    made.keyboard.press("c")
    made.keyboard.press(",")
    made.wait_for_selector(f".cell:nth-child(3) img:not([src='{before}'])")
    assert made.locator(".cell:nth-child(3).marked").count() == 1
    made.keyboard.press("Enter")
    stored(made, 25)
    assert [name for name, verdict in verdicts(page[1]).items() if verdict == "real"] == [str(2**53 + 3)]
    made.context.close()


def test_what_waits_in_two_windows_of_one_browser_is_stored_by_a_third(page, browser):
    one, _ = opened(browser, page[0])
    other = one.context.new_page()
    other.goto(page[0])
    other.wait_for_selector(".cell")
    for window in (one, other):
        window.evaluate(SLOW)
        slow(window, "/api/verdicts", 60_000)
        window.keyboard.press("Enter")
        first(window, 25)
    assert verdicts(page[1]) == {}
    context = one.context
    one.close()
    other.close()
    third = context.new_page()
    third.goto(page[0])
    stored(third, 50)
    assert len(read(page[1].book.store)) == 50
    context.close()


def test_an_undo_that_waits_is_not_lost_by_a_reload(page, browser):
    made, _ = opened(browser, page[0])
    made.evaluate(SLOW)
    slow(made, "/api/undo", 60_000)
    made.keyboard.press("Enter")
    stored(made, 25)
    first(made, 25)
    made.keyboard.press("Backspace")
    first(made, 0)
    made.reload()
    made.wait_for_selector(".cell")
    assert made.locator(".cell[data-verdict='']").count() == 25
    for _ in range(100):
        if not verdicts(page[1]):
            break
        time.sleep(0.05)
    assert verdicts(page[1]) == {}
    made.context.close()


def test_verdicts_that_wait_are_shown_after_a_reload_and_undone_first(page, browser):
    made, _ = opened(browser, page[0])
    made.keyboard.press("Enter")
    stored(made, 25)
    first(made, 25)
    made.context.add_init_script(SLOW + "window.slow = (path) => (path.includes('/api/verdicts') ? 2000 : 0);")
    made.reload()
    made.wait_for_selector(".cell")
    made.keyboard.press("PageDown")
    first(made, 25)
    made.keyboard.press("b")
    made.keyboard.press("Enter")
    first(made, 50)
    made.reload()
    made.wait_for_selector("#status[data-waiting='25'] >> visible=true")
    made.keyboard.press("PageDown")
    first(made, 25)
    assert made.locator(".cell[data-verdict='real']").count() == 1
    made.keyboard.press("Backspace")
    stored(made, 0)
    assert len(verdicts(page[1])) == 25
    assert str(2**53 + 1 + 26) not in verdicts(page[1])
    made.context.close()


def test_an_answer_of_a_proxy_whose_server_is_gone_loses_nothing(page, browser):
    made, _ = opened(browser, page[0])
    gone = "async (address) => new Response('<h1>Bad Gateway</h1>', {status: 502})"
    made.evaluate(f"() => {{ window.quick = window.fetch; window.fetch = {gone}; }}")
    made.keyboard.press("Enter")
    made.wait_for_selector("#status[data-waiting='25'] .trouble")
    made.evaluate("() => { window.fetch = window.quick; }")
    stored(made, 25)
    made.context.close()


def test_a_page_that_stays_open_judges_no_candidates_of_the_night_that_its_server_shows_next(
    night, tmp_path, browser, make_rows, make_cutouts
):
    other = make_cutouts(tmp_path / "other.h5", make_rows([f"x{row}" for row in range(60)]), size=15)
    with served(night, tmp_path / "data") as (address, _):
        made, _ = opened(browser, address)
    with served((other,), tmp_path / "data", port=int(address.rpartition(":")[2])) as (_, desk):
        made.keyboard.press("Enter")
        made.wait_for_selector(".trouble:has-text('other candidates')")
        assert not len(read(desk.book.store))
    with served(night, tmp_path / "data", port=int(address.rpartition(":")[2])) as (_, desk):
        stored(made, 25)
        assert set(read(desk.book.store)["candidate_id"]) == {str(2**53 + 1 + row) for row in range(25)}
    made.context.close()
