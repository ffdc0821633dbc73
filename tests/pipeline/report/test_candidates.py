import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from ranked_candidates import scored

from pipeline.cutouts.missing import Flag
from pipeline.report.candidates import FLAG_WORDS, NightPage, candidates_page
from pipeline.scores.candidate_list import listed
from pipeline.scores.ranking import SIGNS, Choice, rank

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHANNELS = ("science", "template", "difference")
VOID = {"meta", "img", "link", "br"}
HOSTILE = "<script>document.title='run'</script>\"'><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """Collects the elements of a page, and checks that its tags close."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open += [tag] if tag not in VOID else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += "" if {"style", "script"} & {*self.open} else data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def make_page(
    make_rows,
    ids,
    score,
    *,
    choice=None,
    unlike=None,
    dropped=None,
    learned=0,
    notes=(),
    size=21,
    pixels=None,
    class_names=("bogus", "real"),
    channels=CHANNELS,
    **columns,
):
    ranking = rank(scored(make_rows, ids, score, **columns), choice or Choice())
    about = NightPage(
        survey="toy",
        night="2026-01-05",
        choice=choice or Choice(),
        channels=channels,
        size_pixel=size,
        pixel_scale_arcsec=1.0,
        unlike=unlike or {},
        dropped=dropped or {},
        learned=learned,
        notes=notes,
        sources={"scores": "toy/r1/2026-01-05/Infer.parquet"},
        class_names=class_names,
    )
    if pixels is None:
        shape = (len(ranking.rows), size, size, len(channels))
        pixels = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    return candidates_page(about, ranking, listed(ranking.rows), pixels)


def test_rows_of_a_table_show_their_features_and_are_called_by_the_names_of_their_classes(make_rows):
    features = pd.DataFrame({"g_r": [0.123456, np.nan], "w1": [15.25, 1e-7]})
    names, columns = ("galaxy", "star"), {"magnitude": [20.5, np.nan], "label": [0, -1], "label_source": ["z", ""]}
    page = Page(make_page(make_rows, ["1", "2"], [0.9, 0.2], pixels=features, class_names=names, **columns))
    assert page.open == []
    assert page.all("img") == []
    words = re.sub(r"\s+", " ", page.text)
    for said in (
        "star or galaxy", "called star", "called galaxy", "label: galaxy (z)", "g_r0.12346", "w115.25", "g_r–",
        "w11e−07", "20.50", "probability of star",
    ):  # fmt: skip
        assert said in words, said
    for unsaid in ("pixel", "sign not known", "FWHM", "difference", "bogus"):
        assert unsaid not in words, unsaid


def test_planes_of_variance_and_psf_are_not_shown(make_rows):
    channels = (*CHANNELS, "science_variance", "science_psf")
    pixels = np.random.default_rng(1).normal(size=(1, 21, 21, 5)).astype(np.float32)
    page = Page(make_page(make_rows, ["1"], [0.75], channels=channels, pixels=pixels))
    alone = Page(make_page(make_rows, ["1"], [0.75], pixels=pixels[..., :3]))
    assert [image["src"] for image in page.all("img")] == [image["src"] for image in alone.all("img")]
    assert len(alone.all("img")) == 3


def test_each_candidate_has_its_pictures_numbers_and_links(make_rows):
    columns = {"ra_deg": [10.684708], "dec_deg": [-41.26875], "magnitude": [18.125], "magnitude_error": [0.05]}
    columns |= {"band": ["r"], "time_mjd": [61045.25], "flux_sign": [-1], "object_id": ["SN 1"]}
    page = Page(make_page(make_rows, ["0012"], [0.75], **columns))
    assert page.open == []
    words = re.sub(r"\s+", " ", page.text)
    for said in (
        "Candidates of the night 2026-01-05", "1 of 1 candidates, ranked by the score of net-1, release r1",
        "SN 1", "0012", "0.750", "called real", "− fainter than the template", "18.12 r", "± 0.05",
        "00:42:44.330 −41:16:07.50", "10.684708 −41.268750", "2026-01-05T06:00:00.000", "MJD 61045.250000",
    ):  # fmt: skip
        assert said in words, said
    assert [image["alt"] for image in page.all("img")] == [f"{channel} of SN 1" for channel in CHANNELS]
    followed = [link for link in page.all("a") if link["href"].startswith("https://")]
    assert len(followed) == 4
    assert all("10.684708" in link["href"] and "41.268750" in link["href"] for link in followed)
    assert all((link["target"], link["rel"]) == ("_blank", "noopener noreferrer") for link in followed)


@pytest.mark.parametrize(("scatter", "explained"), [([0.2, np.nan], True), ([np.nan, np.nan], False)])
def test_the_scatter_of_a_score_is_explained_where_there_is_one(make_rows, scatter, explained):
    page = Page(make_page(make_rows, ["a", "b"], [0.75, 0.5], score_std=np.array(scatter, np.float32)))
    assert ("0.750 ± 0.200" in re.sub(r"\s+", " ", page.text)) == explained
    assert ("it is not the error of the score" in re.sub(r"\s+", " ", page.text)) == explained


def test_nothing_on_the_page_comes_from_elsewhere(make_rows):
    page = Page(make_page(make_rows, list("abc"), [0.9, 0.5, np.nan]))
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert page.all("link") == []
    assert [script for script in page.all("script") if script] == []
    (policy,) = (meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_what_comes_from_data_is_text(make_rows):
    texts = ("object_id", "exposure_id", "telescope", "detector", "band", "kind", "label_source")
    columns = {name: [HOSTILE] for name in texts}
    html = make_page(make_rows, [HOSTILE], [0.5], notes=[HOSTILE], **columns)
    page = Page(html)
    assert len(page.all("script")) == 1
    assert len(page.all("img")) == len(CHANNELS)
    assert page.text.count("onerror=alert(1)") == len(texts) + 2
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


@pytest.mark.parametrize("letter", ["\0", "\x1b", "\u202e", "\u2066", "\u200f"])
def test_no_letter_of_the_data_turns_or_cuts_what_is_read(make_rows, letter):
    html = make_page(make_rows, [f"SN{letter}1"], [0.5], notes=[f"a{letter}b"], kind=[letter])
    assert letter not in html
    assert f"SN{ascii(letter)[1:-1]}1" in html


def test_a_candidate_without_a_place_says_so_and_has_no_link(make_rows):
    page = Page(make_page(make_rows, ["a"], [0.5], ra_deg=[np.nan], dec_deg=[np.nan], time_mjd=[np.nan]))
    assert not [link for link in page.all("a") if link["href"].startswith("http")]
    assert "The sky position is not known" in page.text
    assert page.text.count("not known") == 3
    assert "nan" not in page.text


def test_a_place_on_the_detector_says_from_what_it_is_counted(make_rows):
    page = Page(make_page(make_rows, "a", 0.5, x_pixel=296.26, y_pixel=608.25))
    assert "at x 296.3, y 608.2 from 0" in page.text


def test_what_must_be_known_before_a_score_is_believed_stands_above(make_rows):
    unlike = {"survey": {"trained": "synthetic", "scored": "toy"}}
    flags = [0, 0, int(Flag.NOT_SCORED | Flag.NO_TEMPLATE)]
    page = Page(
        make_page(
            make_rows,
            list("abc"),
            [0.5, 0.5, np.nan],
            choice=Choice(top=1),
            unlike=unlike,
            notes=["A note."],
            flags=flags,
        )
    )
    for said in (
        "A model trained on survey synthetic scores survey toy: how well it does on these is not known.",
        "1 more has the score of the last one here", "1 candidate of the night has no score (NO_TEMPLATE).", "A note.",
    ):  # fmt: skip
        assert said in page.text


def test_flags_are_told_in_words(make_rows):
    page = make_page(make_rows, ["a"], [0.5], flags=[int(Flag.EDGE | Flag.SATURATED)])
    assert "part of the cutout lies outside the image" in page
    assert "saturated" in page
    assert set(FLAG_WORDS) == set(Flag)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"kind": ["mover"], "label": [1], "label_source": ["skybot"]}, "label: real, mover (skybot)"),
        ({"label": [0], "label_source": ["eyeball"]}, "label: bogus (eyeball)"),
        ({"kind": ["bogus"], "label": [0], "label_source": ["eye"]}, "label: bogus (eye)"),
        ({"kind": ["unknown"], "label": [1], "label_source": ["teacher"]}, "label: real (teacher)"),
        ({"kind": ["bogus"], "label": [0], "label_source": ["bogus_draw"]}, "drawn as bogus, not judged by anyone"),
        ({"kind": ["variable"], "label": [1]}, "label: real, variable (source not stated)"),
    ],
)
def test_a_label_is_shown_with_who_gave_it_and_a_drawn_one_is_none(make_rows, columns, words):
    assert words in Page(make_page(make_rows, ["a"], [0.5], **columns)).text


def test_an_unlabelled_candidate_shows_no_label(make_rows):
    assert "label:" not in Page(make_page(make_rows, ["a"], [0.5], label=[-1])).text


@pytest.mark.parametrize("sign", SIGNS)
def test_what_was_chosen_by_is_said(make_rows, sign):
    choice = Choice(sign=sign, min_score=0.25, by_object=True)
    page = make_page(make_rows, ["a", "b"], [0.5, 0.1], choice=choice, flux_sign=[sign, sign])
    word = "brighter" if sign == 1 else "fainter"
    assert f"the best of each object, only those {word} than the template, scores from 0.25 up (1 in all)" in page


def test_a_missing_channel_is_called_so(make_rows):
    pixels = np.zeros((1, 21, 21, 3), dtype=np.float32)
    pixels[..., 1] = np.nan
    page = Page(make_page(make_rows, ["a"], [0.5], pixels=pixels))
    assert [image["alt"] for image in page.all("img")][1] == "template of oa, missing"
    assert "template · missing" in page.text


def test_a_night_without_candidates_is_a_page_too(make_rows):
    page = Page(make_page(make_rows, [], [], dropped={"outside the image": 7}))
    words = re.sub(r"\s+", " ", page.text)
    assert "0 of 0 candidates." in words
    assert "by the score of" not in words
    assert "The night has no scored candidates." in words
    assert "Left out before the night was scored: outside the image (7)." in words


def test_a_choice_that_none_passes_is_told_from_a_night_without_candidates(make_rows):
    page = make_page(make_rows, ["a"], [0.2], choice=Choice(min_score=0.5))
    assert "No candidate of the night meets these conditions." in page
    assert "Left out" not in page


def test_fifty_candidates_with_large_cutouts_stay_below_two_megabytes(make_rows):
    ids = [f"{number:03d}" for number in range(50)]
    assert len(make_page(make_rows, ids, np.linspace(0.9, 0.1, 50), size=63).encode()) < 2_000_000


@pytest.fixture
def browser():
    if not CHROMIUM:
        pytest.skip("no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as browsers:
        opened = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def test_a_browser_shows_all_pictures_asks_no_server_and_steps_by_keys(make_rows, tmp_path, browser):
    ids = [f"{number:03d}" for number in range(50)]
    kinds = [HOSTILE, *[""] * 49]
    path = tmp_path / "page.html"
    path.write_text(make_page(make_rows, ids, np.linspace(0.9, 0.1, 50), kind=kinds), encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    assert page.title() == "toy, candidates of 2026-01-05"
    assert page.locator("article").count() == 50
    widths = page.evaluate("Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth)))")
    assert widths == [21] * 150
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    for key, rank_number in (("j", 1), ("j", 2), ("k", 1), ("k", 1)):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.id") == f"rank-{rank_number}"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "SIMBAD"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert said == []


def test_a_page_says_that_the_classifier_learned_from_candidates_of_the_night(make_rows):
    page = Page(make_page(make_rows, ["a", "b", "c"], [0.9, 0.5, 0.1], learned=2))
    assert "The classifier learned from 2 of these 3 candidates: their scores follow their labels" in page.text
    assert "learned from" not in Page(make_page(make_rows, ["a", "b", "c"], [0.9, 0.5, 0.1])).text
