import shutil
from pathlib import Path

import pytest

CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.fixture
def own_queries(tmp_path, monkeypatch):
    """Return a function that puts more queries beside the generic ones, or in their place."""
    config = shutil.copytree(CONFIG, tmp_path / "config")
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(config))

    def write(**queries):
        for name, text in queries.items():
            (config / "queries" / "generic" / f"{name}.sql").write_text(text)

    return write


@pytest.fixture
def sign_texts():
    """Return the ten values that every way of giving candidates must read alike, with their signs."""
    return {"f": -1, "F": -1, "false": -1, "0": -1, "-1": -1, None: 0, "t": 1, "1": 1, "true": 1, "True": 1}
