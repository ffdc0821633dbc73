import logging
import os
import subprocess
import sys

import pytest

from models.backends import backend
from models.framework import keras, quiet_stderr
from pipeline.errors import MissingExtraError, UnknownNameError


def test_tensorflow_starts_without_a_word():
    code = "from models.framework import tensorflow; tensorflow().constant(1.0)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout + output.stderr == ""


def test_what_is_held_back_goes_to_the_log(caplog):
    with caplog.at_level(logging.DEBUG, logger="models.framework"), quiet_stderr():
        os.write(2, b"chatter\n")
    assert "held back: chatter" in caplog.text


def test_a_failure_is_told_what_was_held_back(caplog):
    with pytest.raises(OSError, match="broken"), quiet_stderr():
        os.write(2, b"the reason\n")
        raise OSError("broken")
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_an_unknown_backend_is_refused(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert backend() == "tensorflow"
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(UnknownNameError, match="unknown KERAS_BACKEND 'theano'; known: jax, tensorflow, torch"):
        backend()


def test_a_backend_that_is_not_installed_says_how_to_install_it(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    with pytest.raises(MissingExtraError, match=r"KERAS_BACKEND=jax needs jax, .*pip install 'nightsift\[jax\]'"):
        keras()
