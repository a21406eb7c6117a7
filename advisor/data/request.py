"""How the user wants a source read: its modality, and what its columns mean."""

from dataclasses import dataclass

from knowledge_base.errors import UserError

MODALITIES = ("table", "image", "text", "series")


@dataclass(frozen=True)
class DataRequest:
    """What is known of a data set besides where it is.

    Attributes:
        target: column to predict.
        kind: "classification" or "regression"; None infers it.
        modality: one of `MODALITIES`; None infers it.
        text: column with the texts.
        time: column with the points in time.
        series: column that says which of several series a row belongs to.
        horizon: steps ahead to forecast.
    """

    target: str | None = None
    kind: str | None = None
    modality: str | None = None
    text: str | None = None
    time: str | None = None
    series: str | None = None
    horizon: int | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            UserError: columns of two modalities, or an impossible horizon.
        """
        if self.text and (self.time or self.series or self.horizon):
            raise UserError("`text` is for texts; `time`, `series` and `horizon` for time series.")
        if (self.series or self.horizon) and not self.time and self.modality != "series":
            raise UserError("`series` and `horizon` need `time`, the column with the times.")
        if self.horizon is not None and self.horizon < 1:
            raise UserError(f"`horizon` must be at least 1, not {self.horizon}.")
        named = "text" if self.text else "series" if self.time else None
        if named and self.modality not in (None, named):
            raise UserError(
                f"`{'text' if self.text else 'time'}` does not go with a family for "
                f"{self.modality} data; leave one of them out."
            )

    @property
    def of_frame(self) -> str:
        """Modality to read a frame of columns as."""
        named = "text" if self.text else "series" if self.time else None
        return self.modality or named or "table"
