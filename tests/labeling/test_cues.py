import time

import pytest

from stance.codebook import read_codebook
from stance.errors import CodebookError
from stance.labeling.cues import Cues, codebook_cues, count_cues, guesses

BOOK = read_codebook()
HEAD = """
name = "ferry"
version = "1"
language = "en"
target = { name = "the ferry", description = "whether it sails" }
unit = { description = "a sentence" }
[[tasks]]
name = "stance"
question = "?"
ordered = true
"""


def ferry(tmp_path, favor, against):
    text = HEAD + "".join(
        f'[[tasks.labels]]\nname = "{name}"\nscore = {score}\ndefinition = "x"\ncues = {cues}\n'
        for name, score, cues in (("favor", 1, favor), ("none", 0, []), ("against", -1, against))
    )
    path = tmp_path / "ferry.toml"
    path.write_text(text, encoding="utf-8")
    return read_codebook(path)


def cues_of(tmp_path, favor=(), against=()):
    return Cues(ferry(tmp_path, list(favor), list(against)).task("stance"))


@pytest.mark.parametrize(
    ("cue", "text", "found"),
    [
        ("sail*", "Sailing begins", True),
        ("sail", "Sailing begins", False),
        ("sail*", "the assailant", False),
        ("no * tickets", "no tickets", True),
        ("no * tickets", "No cheap, new tickets", True),
        ("no * tickets", "no one here has any tickets", False),
        ("won't sail", "It won’t  sail", True),
        ("at last", "at\nlast", True),
    ],
)
def test_a_cue_is_words_with_stars_for_their_ends_or_for_words_between(tmp_path, cue, text, found):
    assert bool(cues_of(tmp_path, favor=[cue]).hits(text)) == found


def test_a_longer_cue_hides_the_shorter_one_inside_it(tmp_path):
    cues = cues_of(tmp_path, favor=["tickets"], against=["no * tickets"])
    assert [hit.cue for hit in cues.hits("No more tickets today")] == ["no * tickets"]
    assert cues.guess("No more tickets today") == "against"


def test_most_cues_win_and_a_tie_or_silence_is_no_guess(tmp_path):
    cues = cues_of(tmp_path, favor=["sails", "cheer"], against=["storm"])
    assert cues.guess("It sails to a cheer before the storm") == "favor"
    assert cues.guess("It sails into the storm") is None
    assert cues.guess("It rains") is None


@pytest.mark.parametrize("cue", ["* sails", "sails *", "*"])
def test_a_cue_begins_and_ends_with_a_word(tmp_path, cue):
    with pytest.raises(CodebookError, match="begin and end"):
        cues_of(tmp_path, favor=[cue])


def test_no_text_makes_a_cue_slow(tmp_path):
    cues = cues_of(tmp_path, favor=["no * tickets * left", "sail*"])
    start = time.process_time()
    for text in ("no " * 30_000, "no" + " " * 100_000, "sail" * 30_000, "no a " * 20_000):
        cues.hits(text)
    assert time.process_time() - start < 2


def test_cues_change_no_label_and_so_not_the_hash(tmp_path):
    with_cues = ferry(tmp_path, ["sails"], [])
    assert ferry(tmp_path, ["other"], ["words"]).reference == with_cues.reference
    assert [cues.task.name for cues in codebook_cues(with_cues)] == ["stance"]
    assert codebook_cues(ferry(tmp_path, [], [])) == []


def test_each_cue_is_counted_once_a_unit_and_against_the_settled_label(tmp_path):
    cues = cues_of(tmp_path, favor=["sails"], against=["storm"])
    counts = count_cues(
        cues, ["It sails and sails", "It sails", "A storm"], ["favor", "against", "against"]
    )
    assert [(c.cue, c.n_units, c.n_right) for c in counts] == [("sails", 2, 1), ("storm", 1, 1)]


def test_the_shipped_codebook_guesses_every_task():
    text = "The ministry said that it had approved the order, a strong success."
    assert guesses(codebook_cues(BOOK), text) == {
        "stance": "optimistic",
        "sentiment": "positive",
        "voice": "attributed",
    }
