"""What an epoch of a configuration is made of, in numbers: no network is built for it.

The seconds of an epoch are a sum of such terms, each times what it takes on a machine
(`advisor.meta.durations`). Some count *calls*: what PyTorch does for each epoch, step or layer,
however small the tensors are. The others count *numbers* that go through the network, in
thousands or millions. So a machine is told by how long it takes for either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, exp, isfinite

from knowledge_base.types import Config

TRAINED = 0.6
"""Share of the rows that is trained on."""

WAVES, MIXED = 16, 4
"""Waves of a numeric column where they are periodic, and numbers that are made of them."""

MOST_WINDOWS, LEAST_WINDOWS, SHORTEST = 20_000, 8, 4
"""Windows of series that are trained on, and the shortest window."""

LONGEST, MOST_WORDS = 2.0, 512
"""How many times as long the longest text is as those that 95% do not exceed, about, since all are
padded to it; and words that count at most."""

THOUSAND, MILLION = 1e-3, 1e-6

Terms = dict[str, float]


@dataclass(frozen=True)
class Effort:
    """An epoch of a configuration.

    Attributes:
        rows: that are trained on.
        calls: counts of calls, by the names of what makes them.
        numbers: counts of numbers, in thousands, of products in millions, by their names.
    """

    rows: float
    calls: Terms
    numbers: Terms


def of_perceptron(config: Config, about: Mapping[str, float]) -> Effort | None:
    """Return the effort of an epoch of a multilayer perceptron, None where no size is known.

    Args:
        config: active hyperparameters.
        about: metafeatures of the data set.
    """
    if "general.log_rows" not in about:
        return None
    rows = TRAINED * _whole(about, "general.log_rows")
    features, outputs = (_whole(about, f"general.log_{n}") for n in ("features", "classes"))
    categorical = features * (1 - about.get("general.numeric_share", 1.0))
    each = _whole(about, "general.log_categories_mean")
    periodic = config.get("numeric", "plain") == "periodic"
    embedding = config.get("embedding", "off")
    vectors = each if embedding == "off" else min(float(embedding), each)
    numeric = features - categorical
    width = numeric * (MIXED if periodic else 1) + categorical * vectors
    units, depth = config["units"], config["n_layers"]
    products = width * units + (depth - 1) * units**2 + units * outputs
    steps = _steps(config, rows)
    through, layers = rows * units * depth * THOUSAND, steps * (depth + periodic)
    normed, dropped = config["normalisation"] != "none", config["dropout"] > 0
    calls = {
        "epoch": 1.0,
        "step": steps,
        "layer": layers,
        "normalisation": layers * normed,
        "dropout": layers * dropped,
        "adamw": layers * (config["optimizer"] == "adamw"),
        "clipping": steps * (config["gradient_clipping"] != "off"),
        "embedding": steps * categorical * (embedding != "off"),
        "residual": layers * (config.get("block", "plain") == "residual"),
    }
    smooth = through * (config["activation"] in ("gelu", "tanh"))
    numbers = {
        "weights": steps * products * MILLION,
        "products": rows * products * MILLION,
        "units": through,
        "normalised": through * normed,
        "dropped": through * dropped,
        "smooth": smooth + periodic * rows * numeric * WAVES * THOUSAND,
        "inputs": rows * (numeric + categorical * each) * THOUSAND,
        "outputs": rows * outputs * THOUSAND,
    }
    return Effort(rows, calls, numbers)


def of_convolutions(config: Config, about: Mapping[str, float]) -> Effort | None:
    """Return the effort of an epoch of a convolutional network; see `of_perceptron`."""
    if "image.log_rows" not in about:
        return None
    rows = TRAINED * _whole(about, "image.log_rows")
    height, width = (round(_whole(about, f"image.log_{n}")) for n in ("height", "width"))
    channels = about.get("image.channels", 1.0)
    pixels = height * width * channels
    kernel, weights, products, made, read = int(config["kernel_size"]) ** 2, 0.0, 0.0, 0.0, 0.0
    for block in range(config["conv_layers"]):
        wider, halve = config["channels"] * 2**block, min(height, width) >= 4
        smaller = ((height + 1) // 2, (width + 1) // 2) if halve else (height, width)
        size = height * width
        if config["pooling"] == "stride":
            size = smaller[0] * smaller[1]
        weights += channels * wider * kernel
        products += size * channels * wider * kernel
        made, read = made + size * wider, read + size * channels * kernel
        channels, (height, width) = wider, smaller
    dense = channels * min(height, 4) * min(width, 4) * config["units"]
    steps = _steps(config, rows)
    layers, normed = steps * config["conv_layers"], config["normalisation"] != "none"
    through = rows * made * THOUSAND
    calls = {
        "epoch": 1.0,
        "step": steps,
        "layer": layers,
        "normalisation": layers * normed,
        "adamw": layers * (config["optimizer"] == "adamw"),
        "clipping": steps * (config["gradient_clipping"] != "off"),
    }
    numbers = {
        "weights": steps * (weights + dense) * MILLION,
        "products": rows * (products + dense) * MILLION,
        "pixels": through,
        "read": rows * read * THOUSAND,
        "normalised": through * normed,
        "pooled": through * (config["pooling"] == "max"),
        "smooth": through * (config["activation"] in ("gelu", "tanh")),
        "augmented": rows * pixels * (config["augmentation"] > 0) * THOUSAND,
        "inputs": rows * pixels * THOUSAND,
        "rows": rows * THOUSAND,
    }
    return Effort(rows, calls, numbers)


def of_texts(config: Config, about: Mapping[str, float]) -> Effort | None:
    """Return the effort of an epoch of a recurrent network for texts; see `of_perceptron`."""
    if "text.log_rows" not in about:
        return None
    longest = min(LONGEST * _whole(about, "text.log_length_max"), MOST_WORDS)
    length = min(config["sequence_length"], longest)
    words = min(config["vocabulary_size"], _whole(about, "text.log_vocabulary"))
    return _recurrent(
        config,
        TRAINED * _whole(about, "text.log_rows"),
        length,
        config["embedding_size"],
        words * config["embedding_size"],
        1 + (config["bidirectional"] == "yes"),
    )


def of_windows(config: Config, about: Mapping[str, float]) -> Effort | None:
    """Return the effort of an epoch of a recurrent network for series; see `of_perceptron`."""
    if "series.log_length" not in about:
        return None
    length, horizon, series = (_whole(about, f"series.log_{n}")
                               for n in ("length", "horizon", "series"))  # fmt: skip
    room = TRAINED * length - horizon
    window = max(min(config["window"], room), SHORTEST)
    windows = max(min(MOST_WINDOWS, series * (room - window)), LEAST_WINDOWS)
    return _recurrent(config, windows, window, 1, 0.0, 1)


def _recurrent(
    config: Config, rows: float, length: float, inputs: float, table: float, directions: int
) -> Effort:
    """Return the effort of cells that go over rows of a length.

    Args:
        config: active hyperparameters.
        rows: texts or windows.
        length: words or points of each.
        inputs: numbers for each of them.
        table: weights of an embedding.
        directions: in which they are read, one or two.
    """
    units, depth = config["units"], config["n_layers"]
    gates = 4 if config["cell"] == "lstm" else 3
    wide = directions * units
    weights = directions * gates * units * (inputs + units + (depth - 1) * (wide + units))
    steps, gru = _steps(config, rows), config["cell"] == "gru"
    points = steps * length * depth * directions
    # PyTorch's LSTM is one operation on a CPU, its GRU several for each point.
    calls = {
        "epoch": 1.0,
        "step": steps,
        "point": points,
        "point_of_gru": points * gru,
        "normalisation": steps * (config["normalisation"] != "none"),
        "adamw": steps * (config["optimizer"] == "adamw"),
        "clipping": steps * (config["gradient_clipping"] != "off"),
    }
    through = rows * length * wide * depth * THOUSAND
    products = rows * length * weights * MILLION
    numbers = {
        "weights": steps * weights * MILLION,
        "words": steps * table * MILLION,
        "products": products,
        "products_of_gru": products * gru,
        "units": through,
        "units_of_gru": through * gru,
        "inputs": rows * length * inputs * THOUSAND,
        "dropped": rows * length * inputs * (config["dropout"] > 0) * THOUSAND,
        "rows": rows * THOUSAND,
    }
    return Effort(rows, calls, numbers)


def _whole(about: Mapping[str, float], name: str) -> float:
    """Return what a metafeature is the logarithm of, 1 where it is not known."""
    log = about.get(name, 0.0)
    return exp(log) if isfinite(log) else 1.0


def _steps(config: Config, rows: float) -> float:
    return float(ceil(rows / min(config["batch_size"], max(rows, 1.0))))
