"""Metafeatures of images, texts and series, by hand on small examples."""

import math

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset
from advisor.data.images import to_images
from advisor.metafeatures import compute, descriptions


def of_images(pixels, labels=None, seed=0):
    labels = np.arange(len(pixels)) % 2 if labels is None else labels
    found = compute(to_images(pixels, pd.Series(labels), "images", "test"), seed)
    assert list(found) == list(descriptions("image"))
    return {name.removeprefix("image."): value for name, value in found.items()}


def of_texts(texts, labels=None):
    labels = np.arange(len(texts)) % 2 if labels is None else labels
    found = compute(load_dataset(pd.DataFrame({"t": texts, "y": labels}), "y", text="t"))
    assert list(found) == list(descriptions("text"))
    return {name.removeprefix("text."): value for name, value in found.items()}


def of_series(*series, horizon=3, freq="MS"):
    frames = [
        pd.DataFrame({"t": pd.date_range("2000-01-01", periods=len(values), freq=freq),
                      "v": values, "s": f"s{number}"})
        for number, values in enumerate(series)
    ]  # fmt: skip
    data = load_dataset(pd.concat(frames), "v", time="t", series="s", horizon=horizon)
    found = compute(data)
    assert list(found) == list(descriptions("series"))
    return {name.removeprefix("series."): value for name, value in found.items()}


# Images


def test_images_by_hand():
    """Half of each image is black; in one class the left half, in the other the right."""
    pixels = np.zeros((12, 4, 8, 3), dtype=np.uint8)
    pixels[::2, :, 4:] = 255
    pixels[1::2, :, :4] = 255
    found = of_images(pixels, np.r_[np.arange(10) % 2, 0, 0])
    assert found["log_rows"] == pytest.approx(math.log(12))
    assert (found["log_height"], found["log_width"]) == (math.log(4), math.log(8))
    assert (found["channels"], found["log_classes"]) == (3, math.log(2))
    p = 5 / 12
    entropy = -(p * math.log2(p) + (1 - p) * math.log2(1 - p))
    assert found["class_entropy"] == pytest.approx(entropy)
    assert found["minority_share"] == pytest.approx(p)
    assert found["brightness"] == pytest.approx(0.5)
    assert found["contrast"] == pytest.approx(0.5)
    assert found["dark_share"] == pytest.approx(0.5)
    assert found["colourfulness"] == pytest.approx(0.0)
    assert found["variation"] == pytest.approx(0.5)
    # Of 7 pairs of neighbours in a row, 3 are dark, 3 bright and one is mixed.
    a = np.concatenate([np.r_[0, 0, 0, 0, 1, 1, 1, 1], np.r_[1, 1, 1, 1, 0, 0, 0, 0]]).reshape(2, 8)
    assert found["smoothness"] == pytest.approx(
        np.corrcoef(a[:, :-1].ravel(), a[:, 1:].ravel())[0, 1], abs=1e-5
    )


def test_classes_that_differ_by_their_mean_are_found_and_others_not():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    noise = rng.integers(0, 100, (200, 9, 9))
    assert of_images(noise + 100 * labels[:, None, None], labels)["centroid_accuracy"] == 1.0
    assert 0.3 < of_images(noise, labels)["centroid_accuracy"] < 0.7


def test_flat_images_have_no_smoothness():
    flat = np.repeat(np.arange(12, dtype=np.uint8) * 0 + 7, 64).reshape(12, 8, 8)
    assert math.isnan(of_images(flat)["smoothness"])


def test_an_alpha_channel_is_no_colour():
    pixels = np.full((12, 8, 8, 4), 128, dtype=np.uint8)
    pixels[..., 3] = np.arange(64).reshape(8, 8)
    assert of_images(pixels)["colourfulness"] == 0.0


def test_large_images_are_sampled(monkeypatch):
    """500 photographs as numbers of 8 bytes would fill the memory of a laptop."""
    from advisor.metafeatures.groups import image

    monkeypatch.setattr(image, "MAX_VALUES", 40 * 64)
    pixels = np.random.default_rng(0).integers(0, 255, (400, 8, 8)).astype(np.uint8)
    assert image._bounded(pixels[:, None]).shape == (40, 1, 8, 8)
    found = of_images(pixels)
    assert found["brightness"] == pytest.approx(0.5, abs=0.02)
    assert found["log_rows"] == math.log(400)


# Texts


def test_texts_by_hand():
    texts = ["Red red BLUE"] * 6 + ["one"] * 6
    found = of_texts(texts, [0] * 6 + [1] * 6)
    assert found["log_rows"] == pytest.approx(math.log(12))
    assert found["class_entropy"] == pytest.approx(1.0)
    assert found["minority_share"] == 0.5
    assert found["log_length_mean"] == pytest.approx(math.log(3) / 2)
    assert found["log_length_spread"] == pytest.approx(math.log(3) / 2)
    assert found["log_length_max"] == pytest.approx(math.log(3))
    assert found["log_vocabulary"] == pytest.approx(math.log(3))  # red, blue, one
    assert found["type_token_ratio"] == pytest.approx(3 / 24)
    assert found["once_share"] == 0.0
    assert found["word_length"] == pytest.approx((12 * 3 + 6 * 4 + 6 * 3) / 24)
    assert found["upper_share"] == pytest.approx((6 * 5) / (6 * 10 + 6 * 3))
    assert found["bayes_accuracy"] == 1.0


def test_words_that_say_nothing_leave_chance():
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdefgh"), 5)) for _ in range(400)]
    assert 0.4 < of_texts(texts, rng.integers(0, 2, 400))["bayes_accuracy"] < 0.6


@pytest.mark.parametrize("texts", [["!?"] * 12, ["电影很好"] * 12, ["x" * 9999] * 12])
def test_odd_texts_have_finite_metafeatures(texts):
    assert all(math.isfinite(value) for value in of_texts(texts).values())


def test_scripts_without_spaces_have_words():
    found = of_texts(["电影很好", "我不喜欢"] * 20)
    assert found["log_vocabulary"] == pytest.approx(math.log(8))
    assert found["bayes_accuracy"] == 1.0  # although the classes take turns


# Series

N = 240
SEASON = np.sin(np.arange(N) * 2 * np.pi / 12)
NOISE = np.random.default_rng(0).normal(size=N)


def test_a_straight_line():
    found = of_series(np.arange(N, dtype=float))
    assert found["trend"] == pytest.approx(1.0)
    assert found["log_series"] == 0.0
    assert found["log_length"] == pytest.approx(math.log(N))
    assert found["log_horizon"] == pytest.approx(math.log(3))
    assert found["log_period"] == pytest.approx(math.log(12))
    spread = np.arange(N).std()
    assert found["naive_error"] == pytest.approx(3 / spread)
    assert found["seasonal_naive_error"] == pytest.approx(12 / spread)
    assert found["level_shift"] == pytest.approx(N / 10 / spread)
    assert found["diff_spread"] == pytest.approx(0.0, abs=1e-9)


def test_a_season():
    found = of_series(SEASON)
    assert found["seasonality"] == pytest.approx(1.0, abs=0.01)
    assert found["trend"] < 0.05
    assert found["seasonal_naive_error"] == pytest.approx(0.0, abs=1e-9)
    assert found["acf_period"] == pytest.approx((N - 12) / N, abs=0.01)
    assert found["acf1"] == pytest.approx(math.cos(2 * math.pi / 12), abs=0.01)
    assert found["spectral_entropy"] < 0.05


def test_noise():
    found = of_series(NOISE)
    assert found["spectral_entropy"] > 0.85
    assert abs(found["acf1"]) < 0.2
    assert found["diff_acf1"] == pytest.approx(-0.5, abs=0.1)
    assert found["seasonality"] < 0.15
    assert found["skewness"] == pytest.approx(pd.Series(NOISE).skew(), abs=0.05)


def test_growing_swings():
    assert of_series(NOISE * np.linspace(0.1, 3, N))["heteroscedasticity"] > 1


def test_unit_and_origin_of_the_series_and_their_order_make_no_difference():
    one, two = SEASON + NOISE / 5, NOISE.cumsum()[:100]
    known = of_series(one, two)
    for changed in (of_series(1000 + 7 * one, two * 1e-6), of_series(two, one)):
        assert changed == pytest.approx(known, rel=1e-6, abs=1e-9)


def test_a_constant_series_among_others_is_no_noise():
    found = of_series(np.full(60, 0.1), np.full(60, 0.1), SEASON[:60])
    alone = of_series(SEASON[:60])
    assert found["seasonality"] == pytest.approx(alone["seasonality"] / 3)
    assert all(math.isfinite(value) for value in found.values())
