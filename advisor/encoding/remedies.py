"""Changes of a configuration that should help: what diagnoses propose and searches lean to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Remedy:
    """One change that should help.

    Attributes:
        hyperparameter: what to change, by the name it has in the space; by its usual name in
            advice about what the space lacks.
        direction: "more" or "less" for numbers, None for choices.
        choices: values that should help, of a categorical.
        text: the change in words.
    """

    hyperparameter: str
    direction: str | None = None
    choices: tuple[str, ...] = ()
    text: str = ""
