import pytest

from models.networks import memory, network


@pytest.fixture(scope="module")
def model():
    """Return a network of 15 x 15 x 3 pixels."""
    design = network.NetworkDesign(
        classifier="triplet_cnn",
        normalisation="none",
        settings={"filters": [4], "dense": 4},
        n_classes=2,
        size_pixel=15,
        n_channels=3,
    )
    return network.build(design, 0)


def free(monkeypatch, n_bytes):
    monkeypatch.setattr(memory, "free_bytes", lambda: n_bytes)


def test_a_row_takes_the_outputs_of_all_layers(model):
    keras = network.keras()
    inputs = keras.Input((6, 6, 1))
    inner = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
    within = keras.Model(inputs, keras.layers.Dense(1)(inner(inputs)))
    assert memory.row_bytes(within) == 2 * 4 * (36 + 32 + 32 + 1)


@pytest.mark.parametrize(("rows", "fits"), [(100, 64), (64, 64), (63, 32), (1, 1), (5000, 128)])
def test_the_largest_power_of_two_that_fits_is_named_and_is_below_what_did_not(monkeypatch, model, rows, fits):
    fixed = memory.STATES * memory.FLOAT_BYTES * model.count_params()
    free(monkeypatch, rows * memory.row_bytes(model) + fixed)
    said = memory.advice(model, 256)
    assert said.startswith("a batch of 256 rows does not fit into memory: it takes about")
    assert said.endswith(f"'batch_size': {fits} should fit")


def test_memory_too_small_for_one_row_is_said(monkeypatch, model):
    free(monkeypatch, 100)
    assert "too little for a single row; use a smaller network" in memory.advice(model, 256)
    assert memory.advice(model, 1).startswith("a batch of one row does not fit into memory; use a smaller network")


def test_without_knowing_the_free_memory_half_is_proposed(monkeypatch, model):
    free(monkeypatch, None)
    assert memory.advice(model, 48) == "a batch of 48 rows does not fit into memory; try 'batch_size': 24"


def test_free_memory_is_read_where_the_system_says_it(monkeypatch, tmp_path):
    stated = tmp_path / "meminfo"
    monkeypatch.setattr(memory, "MEMINFO", stated)
    assert memory.free_bytes() is None
    stated.write_text("MemTotal:       100 kB\nMemAvailable:    42 kB\n")
    assert memory.free_bytes() == 42 * 1024
