"""Models of series."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from advisor.predictor.export.families.base import COMMON, PARTS, FamilyExport, Trained
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.data.preparation.series import SeriesPreparation


class ForecasterExport(FamilyExport):
    """Points to windows, and a recurrent network."""

    rows = (
        "the history of series: a dict from their names to their points in the order of time, up "
        "to where the forecast begins; or the points of a single series. A series that is new is "
        "scaled by the points that are given"
    )

    def pieces(self, preparation: JsonObject) -> Sequence[str]:
        """Return the pieces."""
        return [*COMMON, f"{PARTS}recurrence", f"{PARTS}forecasting"]

    def form(self, seen: "PreparedData") -> JsonObject:
        """Return the horizon, and how windows are cut."""
        window = cast("SeriesPreparation", seen.preparation).chosen_window
        return {"n_outputs": seen.n_outputs, "window": window.to_dict()}

    def preparation(self, trained: Trained) -> JsonObject:
        """Return the horizon, and the scales of each fold."""
        found = cast("Sequence[SeriesPreparation]", trained.average.preparations)
        folds = [
            {"series": [{"name": s.name, "mean": s.mean, "scale": s.scale} for s in one.scales]}
            for one in found
        ]
        return {"horizon": found[0].horizon, "folds": folds}

    def example(self, trained: Trained) -> object:
        """Return the last points of a series."""
        found = cast("Sequence[SeriesPreparation]", trained.average.preparations)
        return {found[0].scales[0].name: [1.0, 2.0, 3.0]}

    def sample(self, trained: Trained, n: int) -> object:
        """Return series of as many points as any window needs."""
        average = trained.average
        needed = max(
            cast("SeriesPreparation", average.form_of(member, network.fold)[1].preparation).needed
            for member in average.members
            for network in member.networks
        )
        return {str(place): [float(point) for point in range(needed)] for place in range(n)}
