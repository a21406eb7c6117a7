"""A Hydra application that the advisor sweeps: `python run.py --multirun`."""

import math

import hydra
from omegaconf import DictConfig


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(config: DictConfig) -> float:
    """Stand for a training: return its loss."""
    loss = (math.log10(config.learning_rate) + 2) ** 2 + abs(config.units - 64) / 64
    return loss + 0.2 * (config.activation == "tanh")


if __name__ == "__main__":
    main()
