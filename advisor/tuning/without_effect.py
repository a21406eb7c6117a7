"""What was asked of a search and does nothing there, in words."""

from advisor.settings import Settings
from advisor.strategies import SearchStrategy, get_strategy
from advisor.strategies.pausing import PausingSearch


def without_effect(settings: Settings, strategy: SearchStrategy, joins: bool = False) -> list[str]:
    """Return a sentence for each option that was given and changes nothing in a search.

    Args:
        settings: as they were given.
        strategy: of the search, which has heard of the past.
        joins: whether another process may be running the study meanwhile.
    """
    kind = get_strategy(settings.strategy)
    words = []
    if settings.per_second and "per_second" not in kind.options:
        words.append(
            f"`per_second` changes nothing here: the strategy {kind.name} does not look at seconds."
        )
    if settings.stopping and (why := _why_never_paused(settings, strategy, joins)) is not None:
        words.append(f"`stopping` changes nothing here, and no trial is put aside: {why}.")
    return words


def _why_never_paused(settings: Settings, strategy: SearchStrategy, joins: bool) -> str | None:
    if strategy.stops_early():
        return None
    if not strategy.pauses:
        return f"the strategy {strategy.name} trains each to its end"
    if settings.workers > 1:
        return "with several `workers` each is trained to its end"
    if joins:
        return "in a process that joins a study each is trained to its end"
    if isinstance(strategy, PausingSearch) and not strategy.by_curves:
        return "the past that this search began from has no learning curves of such networks"
    return None
