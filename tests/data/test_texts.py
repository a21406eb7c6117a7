"""Texts: words of any script, vocabularies of the training part, and what is refused."""

import re

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset, prepare
from advisor.data.preparation.text import FIRST_WORD, PADDING, UNKNOWN
from advisor.data.words import tokens, words
from knowledge_base.errors import UserError

GOOD = ["a fine film", "what a joy", "the cast is superb", "warm, wise and funny", "loved it"]
BAD = ["a dull film", "what a waste", "the plot is a mess", "cold, slow and sad", "hated it"]


def table(**columns):
    texts = [f"{text} {n}" for n in range(4) for text in (*GOOD, *BAD)]
    label = [kind for _ in range(4) for kind in ["good"] * 5 + ["bad"] * 5]
    return pd.DataFrame({"review": texts, "stars": label, **columns})


def load(source, text="review", target="stars", **more):
    return load_dataset(source, target, text=text, **more)


def refused(source, match, **more):
    with pytest.raises(UserError, match=match) as caught:
        load(source, **more)
    message = str(caught.value)
    assert "\n" not in message
    assert re.search(r"[.?]$", message), message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 5 stars!", ["it", "s", "5", "stars"]),
        ("हिन्दी भाषा अच्छी है।", ["हिन्दी", "भाषा", "अच्छी", "है"]),
        ("我喜欢电影。", ["我", "喜", "欢", "电", "影"]),
        ("これはペンです", list("これはペンです")),
        ("ดีมาก", ["ดี", "ม", "า", "ก"]),
        ("مُحَمَّد كتب", ["مُحَمَّد", "كتب"]),
        ("Привет, МИР", ["привет", "мир"]),
        ("한국어 좋아요", ["한국어", "좋아요"]),
        ("Cafe\u0301", ["café"]),
        ("?!... ---", []),
    ],
)
def test_words_of_any_script(text, expected):
    assert words(text) == expected
    assert [token for token in tokens(text) if token in expected] == expected


def test_punctuation_counts_as_tokens_and_every_text_has_some():
    assert tokens("Why?!") == ["why", "?", "!"]
    assert tokens("?!") == ["?", "!"]


def test_the_fingerprint_knows_texts_and_classes_but_no_order_or_number_type():
    known = load(table()).fingerprint
    assert load(table().sample(frac=1, random_state=1)).fingerprint == known
    assert load(table().rename(columns={"review": "t"}), text="t").fingerprint == known
    assert load(table(stars=table()["stars"][::-1].to_numpy())).fingerprint != known
    whole, real = (load(table(stars=np.arange(40) % 2 * kind)).fingerprint for kind in (1, 1.0))
    assert whole == real != known


def test_the_only_column_of_texts_is_found():
    data = load_dataset(table(length=range(40)), "stars", modality="text")
    assert data.texts[0] == "a fine film 0"


def test_cells_are_taken_literally(csv_file):
    """ "NA" and "None" are words, and "007" is no number."""
    frame = table()
    frame.loc[0:2, "review"] = ["NA", "None", "007"]
    path = csv_file("\ufeff" + frame.to_csv(index=False))
    assert list(load(path).texts[:3]) == ["NA", "None", "007"]
    numbers = table(review=[f"0{n}" for n in range(40)])
    assert load(csv_file(numbers.to_csv(index=False))).texts[7] == "07"


def test_texts_of_several_lines(csv_file):
    frame = table()
    frame.loc[0, "review"] = 'two\nlines, "quoted"'
    data = load(csv_file(frame.to_csv(index=False)))
    assert (data.n_rows, data.texts[0]) == (40, 'two\nlines, "quoted"')


@pytest.mark.parametrize("script", ["!?", "电影很好", "ดีมาก", "🙂🙃"])
def test_texts_without_latin_words_can_be_prepared(script):
    data = prepare(load(table(review=[script[: 1 + n % 4] for n in range(40)])))
    assert data.n_inputs > FIRST_WORD
    assert (data.x_train[:, 0] != PADDING).all()


def test_texts_without_a_class_are_left_out_with_a_word():
    data = load(table(stars=[None, *table()["stars"][1:]]))
    assert data.n_rows == 39
    assert "1 row without a target is left out, the first being data row 1." in data.intake.notes


# Preparation


def prepared(seed=0, **columns):
    dataset = load(table(**columns))
    return dataset, prepare(dataset, seed)


def test_the_vocabulary_is_that_of_the_training_part():
    """Each text has a word of its own: none of a validation or test text is known."""
    own = [f"own{n} shared" for n in range(40)]
    _, data = prepared(review=own)
    assert (data.x_train >= FIRST_WORD).all()
    for part in ("valid", "test"):
        assert (data.x(part)[:, 0] == UNKNOWN).all()
        assert (data.x(part)[:, 1] == FIRST_WORD).all()
    assert data.n_inputs == FIRST_WORD + 1 + len(data.x_train)


def test_frequent_words_come_first_and_ties_are_in_alphabetical_order():
    _, data = prepared(review=["b a a c"] * 40)
    assert data.x_train[0].tolist() == [3, 2, 2, 4]


def test_what_a_configuration_makes_of_texts():
    _, data = prepared(review=["a a a b c d", "a b"] * 20)
    limited = data.limited(vocabulary=2, length=5)
    assert limited.n_inputs == FIRST_WORD + 2
    rows = {tuple(row) for part in ("train", "valid", "test") for row in limited.x(part)}
    # a = 2, b = 3; c is beyond the vocabulary, d beyond the length; padding stands before.
    assert rows == {(2, 2, 2, 3, UNKNOWN), (PADDING, PADDING, PADDING, 2, 3)}
    assert data.limited(500, 256).x_train.shape[1] == 6
    assert (limited.y_train == data.y_train).all()


def test_the_seed_decides_the_split():
    first, again, other = (prepared(seed)[1] for seed in (0, 0, 1))
    assert (first.x_train == again.x_train).all()
    assert first.x_train.shape != other.x_train.shape or (first.x_train != other.x_train).any()


# Bad input


@pytest.mark.parametrize("empty", ["", "  \t", None, np.nan, "\u3000"])
def test_empty_texts(empty):
    frame = table()
    frame["review"] = frame["review"].astype(object)
    frame.loc[6, "review"] = empty
    refused(frame, r"'review' .* has 1 empty text, the first in data row 7; fill in or drop")


def test_empty_texts_of_a_file(csv_file):
    frame = table()
    frame.loc[[3, 5], "review"] = ["", " "]
    refused(csv_file(frame.to_csv(index=False)), "2 empty texts, the first in data row 4")


@pytest.mark.parametrize(
    ("changes", "more", "match"),
    [
        ({}, {"text": "reviw"}, "Did you mean 'review'"),
        ({}, {"text": "stars"}, "`text` and `target` are both 'stars'"),
        ({}, {"kind": "regression"}, "Texts are classified"),
        ({}, {"time": "review"}, "`text` is for texts"),
        ({"stars": ["good"] * 40}, {}, "constant"),
        ({"stars": ["rare", *table()["stars"][1:]]}, {}, "class 'rare' .* only 1 row"),
        ({"stars": range(40)}, {}, r"only 1 row; every class needs 3\. Drop or merge .*classes\.$"),
        ({"review": [["a", "list"]] * 40}, {}, "holds lists or bytes, not texts"),
        ({"review": [b"bytes"] * 40}, {}, "holds lists or bytes, not texts"),
    ],
)
def test_bad_texts(changes, more, match):
    refused(table(**changes), match, **more)


def test_several_columns_of_texts_need_a_name():
    with pytest.raises(UserError, match="which column of the frame holds the texts with `text`"):
        load_dataset(table(title=table()["review"]), "stars", modality="text")


def test_too_few_texts():
    refused(table()[:5], "only 5 rows")
