"""A network of your own for tables: layers that grow narrower."""

from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU}


def build(config, n_inputs, n_outputs):
    layers = []
    width = config["units"]
    for _ in range(config["n_layers"]):
        layers += [nn.Linear(n_inputs, width), ACTIVATIONS[config["activation"]]()]
        n_inputs, width = width, max(width // 2, n_outputs)
    return nn.Sequential(*layers, nn.Linear(n_inputs, n_outputs))
