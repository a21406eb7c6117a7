def train(config, report):
    for epoch in range(3):
        value = (config["x"] - 0.3) ** 2 + (config["kind"] == "b") * 0.1 + 1 / (epoch + 1)
        report(value)
    return value
