"""A training function of your own: plain PyTorch on scikit-learn's digits."""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.functional import cross_entropy

EPOCHS = 8

x, y = load_digits(return_X_y=True)
x_train, x_valid, y_train, y_valid = (
    torch.as_tensor(part)
    for part in train_test_split(x.astype("float32") / 16, y, test_size=0.25, random_state=0)
)


def train(config, report):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(64, config["units"]),
        nn.ReLU(),
        nn.Dropout(config["dropout"]),
        nn.Linear(config["units"], 10),
    )
    if config["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(
            network.parameters(), config["learning_rate"], momentum=config["momentum"]
        )
    else:
        optimizer = torch.optim.AdamW(network.parameters(), config["learning_rate"])
    for _ in range(EPOCHS):
        network.train()
        losses = []
        for rows in torch.randperm(len(x_train)).split(64):
            loss = cross_entropy(network(x_train[rows]), y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        network.eval()
        with torch.no_grad():
            scores = network(x_valid)
        accuracy = (scores.argmax(1) == y_valid).float().mean().item()
        report(
            accuracy,
            train_loss=sum(losses) / len(losses),
            val_loss=cross_entropy(scores, y_valid).item(),
        )
    # Returning nothing counts the best accuracy that was reported.
