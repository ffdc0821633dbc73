import importlib.util
import pickle

import pytest

from pipeline.errors import MissingExtraError
from pipeline.extras import EXTRAS, demand
from pipeline.io.database.connections import Database
from pipeline.io.database.settings import DatabaseSettings


@pytest.fixture
def without(monkeypatch):
    """Return a function that makes modules as good as not installed."""
    real = importlib.util.find_spec

    def hide(*modules):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in modules else real(name))

    return hide


@pytest.mark.parametrize("extra", sorted(set(EXTRAS) - {"jax", "torch"}))
def test_what_is_installed_is_not_refused(extra):
    demand(extra, "anything")


def test_all_that_is_absent_is_named_with_how_to_install_it(without):
    without("tensorflow", "sklearn")
    said = "training needs scikit-learn, tensorflow, not installed here: pip install 'nightsift[train]'"
    with pytest.raises(MissingExtraError) as caught:
        demand("train", "training")
    assert str(caught.value) == said
    assert str(pickle.loads(pickle.dumps(caught.value))) == said


def test_only_a_search_needs_what_draws_its_values(without):
    without("optuna")
    demand("train", "training")
    with pytest.raises(MissingExtraError, match=r"tuning needs optuna, not installed here: .*'nightsift\[tune\]'"):
        demand("tune", "tuning")


def test_only_what_is_asked_for_is_demanded(without):
    without("pymysql")
    demand("databases", "a database", "psycopg2")


@pytest.mark.parametrize(("engine", "package"), [("postgresql", "psycopg2-binary"), ("mysql", "pymysql")])
def test_a_database_without_its_driver_names_the_extra(without, engine, package):
    without("psycopg2", "pymysql")
    with pytest.raises(MissingExtraError, match=rf"engine {engine} needs {package}.*nightsift\[databases\]"):
        Database(DatabaseSettings(engine=engine, name="s"))
