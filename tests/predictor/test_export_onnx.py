"""Models in the format ONNX; run where `pip install '.[onnx]' onnxruntime` was."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exported import imported, of_random_networks, random_configs, records, series, table

from advisor import UserError
from advisor.data import load_dataset

needs_onnx = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="ONNX is not installed",
)


def agrees(model, folder: Path, rows: object, fewer: object) -> None:
    """Assert that the graph says what the code beside it does, for more rows and for one."""
    import onnxruntime

    model.export(folder, to="onnx")
    loaded = imported(folder).load()
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    places = json.loads((folder / "onnx_inputs.json").read_text())
    for some in (rows, fewer):
        prepared = loaded.prepare(some)
        feed = {name: prepared[network][place].numpy() for name, (network, place) in places.items()}
        (found,) = session.run(None, feed)
        expected = loaded.outputs(some).numpy()
        assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)


@needs_onnx
@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_tables(tmp_path, kind):
    frame = table(kind)[["x", "colour", "y"]]
    model = of_random_networks(load_dataset(frame, "y"), random_configs("table", 4))
    agrees(model, tmp_path / "out", records(frame), records(frame.head(1)))


@needs_onnx
def test_images(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (20, 1, 14, 14)).astype(np.uint8)
    np.savez(tmp_path / "images.npz", X=images, y=np.arange(20) % 2)
    model = of_random_networks(load_dataset(tmp_path / "images.npz"), random_configs("image", 2))
    agrees(model, tmp_path / "out", images.tolist(), images[:1].tolist())


@needs_onnx
def test_texts(tmp_path):
    texts = [f"good {'nice ' * (i % 4)} w{i % 9}" for i in range(60)]
    frame = pd.DataFrame({"text": texts, "label": [i % 2 for i in range(60)]})
    model = of_random_networks(
        load_dataset(frame, "label", text="text"), random_configs("text", 2)[:1]
    )
    agrees(model, tmp_path / "out", texts, [""])


@needs_onnx
def test_series(tmp_path):
    frame = series(["a", "b"])
    dataset = load_dataset(frame, "sales", time="month", series="shop", horizon=5)
    rows = {shop: part["sales"].tolist() for shop, part in frame.groupby("shop")}
    model = of_random_networks(dataset, random_configs("series", 2)[:1])
    agrees(model, tmp_path / "out", rows, {"b": rows["b"]})


@pytest.mark.skipif(find_spec("onnxscript") is not None, reason="ONNX is installed")
def test_without_the_libraries_it_says_what_to_install(tmp_path):
    frame = table("regression")[["x", "y"]]
    model = of_random_networks(load_dataset(frame, "y"), random_configs("table", 2)[:1])
    with pytest.raises(UserError, match=r"needs onnx and onnxscript: pip install 'advisor-automl"):
        model.export(tmp_path / "out", to="onnx")
    assert not (tmp_path / "out").exists()
