"""The first fold is what `prepare` gave before there were others, to the last bit.

The digests are of arrays that the code before folds made. The numbers are such that sums are
exact, in whatever order they are made: small whole numbers, and 64 of them to train on.
"""

import hashlib

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset, prepare
from advisor.data.images import to_images
from advisor.data.preparation import PARTS

TRAIN = 64


def table(kind):
    n = 107
    row = np.arange(n)
    frame = pd.DataFrame(
        {
            "number": row * 7 % 17 - 8.0,
            "gappy": np.where(row % 5 == 0, np.nan, row * 3 % 11),
            "huge": (row % 3 - 1) * 2.0**900,
            "constant": 3.0,
            "colour": [f"c{int(k)}" for k in (row * row) % 97],
            "flag": pd.Series([True, False, None])[row % 3].to_numpy(),
            "kind": np.array(["a", "b", "c"])[row % 3],
        }
    )
    target = {"classification": np.array(["no", "yes"])[row * 5 % 7 % 2], "regression": row % 13.0}
    return load_dataset(frame.assign(y=target[kind]), "y", kind=kind)


def numbers():
    row = np.arange(107)
    frame = pd.DataFrame({"a": row * 7 % 17, "b": row * 3 % 11, "y": np.array(["u", "v"])[row % 2]})
    return load_dataset(frame, "y")


def images():
    row = np.arange(107)
    pixels = (row[:, None, None, None] * 31 + np.arange(192).reshape(1, 8, 8, 3)) % 256
    return to_images(pixels.astype(np.uint8), pd.Series(row % 3), "stripes", "test")


def texts():
    row = range(107)
    words = ["alpha", "beta", "gamma,", "delta", "epsilon!"]
    rows = [
        " ".join(words[(n + k) * k % 5] + str(n * k % 9) for k in range(1 + n % 7)) for n in row
    ]
    return load_dataset(pd.DataFrame({"t": rows, "y": [n % 2 for n in row]}), "y", text="t")


def series():
    point = np.arange(106)
    frame = pd.DataFrame(
        {"v": point * 5 % 19 + point % 7.0, "t": pd.date_range("2024", periods=106)}
    )
    return load_dataset(frame, "v", time="t", horizon=3)


def digest(data, *more):
    found = hashlib.blake2b(digest_size=8)
    for array in [f(part) for part in PARTS for f in (data.x, data.y)] + list(more):
        found.update(f"{array.dtype} {array.shape} {array.strides}".encode() + array.tobytes())
    return found.hexdigest()


MADE = {
    "classification": lambda: [digest(prepare(table("classification"), 5))],
    "regression": lambda: [digest(prepare(table("regression"), 5))],
    "numbers": lambda: [digest(prepare(numbers(), 5))],
    "image": lambda: [digest(prepare(images(), 5))],
    "text": lambda: [digest(prepare(texts(), 5)), digest(prepare(texts(), 5).limited(6, 4))],
    "series": lambda: [
        digest(data, *data.offsets, *data.scales, *data.naive)
        for data in (
            prepare(series()).windows(4, differencing, scaling)
            for differencing in ("none", "first", "seasonal")
            for scaling in ("series", "window")
        )
    ],
}

RECORDED = {
    "classification": ["45e2ff6d7bc05065"],
    "image": ["fb9bf501340dfa75"],
    "numbers": ["6377d214782d00b3"],
    "regression": ["72f6ac0677690342"],
    "series": [
        "b7f52c1c0bbbfb41",
        "886f6660272bd5c4",
        "537058b03be8efca",
        "a07f842039d42d25",
        "a6ff6accb25df214",
        "f9ed059f32486e0c",
    ],
    "text": ["3c0db1c68db4ccc2", "f15f3eb740bfbca8"],
}


@pytest.mark.parametrize("name", MADE)
def test_the_first_fold_is_what_it_was(name):
    assert MADE[name]() == RECORDED[name]


def test_sums_of_what_is_recorded_are_exact():
    data = prepare(table("regression"), 5)
    assert len(data.x_train) == len(prepare(images(), 5).x_train) == TRAIN
    assert prepare(series()).n_rows("train") == TRAIN


def test_what_is_said_of_the_parts_is_what_it_was():
    data = prepare(table("regression"), 5)
    assert (data.n_inputs, data.n_outputs, data.categories) == (40, 1, ((4, 30), (34, 3), (37, 3)))
    assert (data.target_mean, data.target_scale) == pytest.approx((5.84375, 3.8046794789443172))
    pictures = prepare(images(), 5)
    assert pictures.pixel_mean == pytest.approx(
        (0.49607843137254903, 0.49607843137254903, 0.49607843137254903)
    )
    assert pictures.pixel_scale == pytest.approx(
        (0.28845029996147725, 0.2883969801278553, 0.28834365043445465)
    )
