"""The settings of luigi: every section and key is one that luigi or Nightsift reads, with the values we rely on."""

import configparser
from pathlib import Path

import luigi
import luigi.interface
import luigi.retcodes
import luigi.scheduler
import luigi.worker
import pytest
from luigi.cmdline_parser import CmdlineParser

from tasks.run_settings import nightsift

CHECKOUT = Path(__file__).resolve().parents[2]
SECTIONS = {
    "core": luigi.interface.core,
    "worker": luigi.worker.worker,
    "retcode": luigi.retcodes.retcode,
    "scheduler": luigi.scheduler.scheduler,
}
OUTSIDE_PARAMETERS = {
    "core": {"autoload_range", "no_configure_logging"},
    "scheduler": {"record_task_history"},
    "nightsift": {"report_url"},
    "resources": {"skybot"},
}
CODES = {
    "already_running": 10,
    "missing_data": 20,
    "not_run": 25,
    "task_failed": 30,
    "scheduling_error": 35,
    "unhandled_exception": 40,
}


def read(name):
    parser = configparser.ConfigParser()
    parser.read(CHECKOUT / name)
    return parser


def known(section):
    """Return the keys that luigi reads in a section, under the names of the parameters and of their aliases."""
    keys = set(OUTSIDE_PARAMETERS.get(section, set()))
    for name, parameter in SECTIONS[section].get_params() if section in SECTIONS else ():
        keys |= {name, name.replace("_", "-")}
        for place in getattr(parameter, "_config_path", None), {"section": section, "name": name}:
            if place and place["section"] == section:
                keys |= {place["name"], place["name"].replace("-", "_")}
    return keys


@pytest.mark.parametrize("name", ["luigi.cfg", "config/luigid.cfg"])
def test_every_section_and_key_is_a_real_one(name):
    for section, values in read(name).items():
        if section != "DEFAULT":
            assert section in {*SECTIONS, "nightsift", "resources"}
            assert set(values) <= known(section), section


def test_exit_codes_are_those_of_the_contract():
    assert {key: int(value) for key, value in read("luigi.cfg")["retcode"].items()} == CODES
    assert luigi.retcodes.retcode().task_failed == 30


def test_the_worker_checks_what_it_built_and_has_a_limit():
    worker = luigi.worker.worker()
    assert worker.check_complete_on_run
    assert worker.timeout > 0


def test_luigis_lock_of_the_words_of_a_command_is_off():
    assert luigi.interface.core().no_lock


def test_no_wait_is_an_option_of_every_command_and_a_setting():
    assert not nightsift().no_wait
    with CmdlineParser.global_instance(["FreezeInputs", "--night", "2026-01-05", "--no-wait"]):
        assert nightsift().no_wait


def test_the_daemon_keeps_a_week_and_shows_failures():
    settings = read("config/luigid.cfg")["scheduler"]
    assert int(settings["remove_delay"]) == 7 * 86400
    assert int(settings["retry_delay"]) == 86400
    assert int(settings["stable_done_cooldown_secs"]) == 0


@pytest.mark.parametrize("name", ["luigi.cfg", "config/luigid.cfg"])
def test_one_task_at_a_time_asks_skybot(name):
    assert read(name)["resources"]["skybot"] == "1"
