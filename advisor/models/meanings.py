"""What the hyperparameters of the built-in families mean, with their units, in a few words."""

from advisor.models.registry import FAMILIES

_TRAINING = {
    "learning_rate": "step size of the optimiser where training begins",
    "batch_size": "rows per step of the optimiser",
    "optimizer": "sgd or adamw",
    "momentum": "share of the last step that sgd goes on with",
    "weight_decay": "how strongly weights are pulled towards zero",
    "gradient_clipping": "largest norm of a gradient; off for none",
    "schedule": "of the learning rate: constant, cosine down to 0, or a tenth after 1/2 and 3/4",
    "epochs": "passes over the training part, at most",
    "patience": "epochs without a better validation metric after which training ends",
    "dropout": "share of units that are left out at random while training",
    "activation": "function behind each layer",
    "initialisation": "distribution of weights at first",
    "normalisation": "within a batch, within a layer, or none",
}

_RECURRENT = {
    "cell": "kind of recurrent layer",
    "units": "numbers in the state of a recurrent layer",
    "n_layers": "recurrent layers",
}

MEANINGS: dict[str, dict[str, str]] = {
    "mlp": {
        "n_layers": "hidden layers",
        "units": "numbers per hidden layer",
        "block": "residual: layers after the first add to what goes into them",
        "embedding": "length of the vector of a category; off for an indicator per category",
        "numeric": "periodic: numbers go through learned waves",
    },
    "cnn": {
        "conv_layers": "blocks of convolution and pooling",
        "channels": "of the first block; they double from block to block",
        "kernel_size": "side of a convolution, in pixels",
        "pooling": "what halves an image",
        "units": "numbers in the dense layer",
        "augmentation": "how strongly training images are changed, 0 to 1",
    },
    "rnn": {
        **_RECURRENT,
        "bidirectional": "whether texts are read from their end, too",
        "embedding_size": "numbers per word",
        "vocabulary_size": "most frequent words that are known",
        "sequence_length": "words of a text that are read",
    },
    "forecaster": {
        **_RECURRENT,
        "window": "points before a forecast that are looked at",
        "differencing": "none, or relative to the point or the season before",
        "scaling": "by mean and spread of the series, or of each window",
    },
}
"""By family and name; those of training are the same in all families, see `meanings_of`."""


def meanings_of(family: str) -> dict[str, str]:
    """Return what the hyperparameters of a family mean, by name; nothing for others."""
    return {**_TRAINING, **MEANINGS[family]} if FAMILIES.is_built_in(family) else {}
