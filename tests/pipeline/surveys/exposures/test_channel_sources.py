"""Each channel of a survey is filled from one source."""

import pytest

from pipeline.settings import parse
from pipeline.surveys.exposures.channel_sources import ChannelSources
from pipeline.surveys.exposures.settings import ImageSettings

PAIR = {"science": "path:0", "template": "path:1"}


def sources(channels, hdus=PAIR, **images):
    return ChannelSources.of(parse(ImageSettings, {"hdus": hdus, **images}, "toy.yaml"), tuple(channels))


def test_images_of_their_own_are_cut_as_they_are():
    found = sources(["template", "science"])
    assert (set(found.own), found.subtracted, found.layers) == ({"science", "template"}, (), ())


def test_the_first_channel_with_an_image_places_candidates():
    assert sources(["template", "science"]).first == "template"


def test_a_template_is_cut_as_aligned_where_a_difference_is_made():
    found = sources(["science", "template", "difference"], difference={})
    assert (set(found.own), found.subtracted) == ({"science"}, ("template", "difference"))


def test_candidates_lie_on_the_science_image_where_a_difference_is_made():
    assert sources(["difference", "template"], difference={}).first == "science"


def test_a_difference_that_the_files_hold_leaves_the_template_as_it_is():
    found = sources(["science", "template", "difference"], PAIR | {"difference": "path:2"}, difference={})
    assert (set(found.own), found.subtracted) == ({"science", "template", "difference"}, ())


@pytest.mark.parametrize("hdus", [PAIR, PAIR | {"frames_max": "path:3"}])
def test_layers_are_made_where_no_file_holds_them(hdus):
    found = sources(["science", "frames_max"], hdus, frames={"hdus": ["frames:0"]})
    assert found.layers == (() if "frames_max" in hdus else ("frames_max",))
    assert ("frames_max" in found.own) == ("frames_max" in hdus)
