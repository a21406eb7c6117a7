import torch


def build(config, n_inputs, n_outputs):
    return torch.nn.Sequential(
        torch.nn.Linear(n_inputs, config["width"]),
        torch.nn.ReLU(),
        torch.nn.Linear(config["width"], n_outputs),
    )
