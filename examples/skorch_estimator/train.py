"""A skorch estimator: a classifier of scikit-learn's wines behind a scaler."""

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from torch import nn

from advisor.integrations.skorch import SkorchReport

x, y = load_wine(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(
    x.astype("float32"), y, test_size=0.25, random_state=0, stratify=y
)


class Perceptron(nn.Module):
    def __init__(self, units, dropout):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(13, units), nn.ReLU(), nn.Dropout(dropout), nn.Linear(units, 3)
        )

    def forward(self, rows):
        return self.layers(rows)


def train(config, report):
    torch.manual_seed(0)
    net = NeuralNetClassifier(
        Perceptron,
        module__units=config["units"],
        module__dropout=config["dropout"],
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        lr=config["learning_rate"],
        batch_size=config["batch_size"],
        max_epochs=15,
        callbacks=[SkorchReport(report, "valid_acc")],
        verbose=0,
    )
    model = make_pipeline(StandardScaler(), net).fit(x_train, y_train)
    best = max(epoch["valid_acc"] for epoch in net.history)
    return {"value": best, "test_accuracy": model.score(x_test, y_test)}
