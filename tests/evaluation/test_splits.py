import json
from dataclasses import replace

import pytest

from stance.errors import DataError
from stance.evaluation.splits import (
    Part,
    make_split,
    read_clusters,
    read_split,
    texts_digest,
    write_split,
)
from tests.builders import article, labeled_corpus

WORDS = ["ferry", "pier", "tide", "rope", "gull", "net", "storm", "oar", "quay", "buoy", "mast"]


def story(i, *, name=None, outlet=None, more=""):
    """An article of its own words: no two share a run of five."""
    text = " ".join(f"{WORDS[(i + j * (i + 3)) % len(WORDS)]}{i}" for j in range(60))
    return article(
        f"{text} {more}".strip(), name=name or f"a{i}", source=outlet or f"Outlet {i % 5}"
    )


CORPUS = [story(i) for i in range(40)]


def parts(split):
    return {place.article_id: place.part for place in split.places}


def test_named_outlets_are_held_out_whole_and_articles_of_others_up_to_the_share():
    split = make_split(CORPUS, outlets=["Outlet 1"], share=0.5, seed=3)
    held_out = [place for place in split.places if place.part is Part.HELD_OUT]
    assert len(held_out) == 20
    assert {p.part for p in split.places if p.source == "Outlet 1"} == {Part.HELD_OUT}
    assert len({p.source for p in held_out}) > 1
    assert {p.cluster for p in split.places} == {None}


def test_the_same_seed_gives_the_same_split_and_another_gives_another():
    first = make_split(CORPUS, outlets=[], share=0.3, seed=3)
    assert make_split(CORPUS[::-1], outlets=[], share=0.3, seed=3) == first
    assert parts(make_split(CORPUS, outlets=[], share=0.3, seed=4)) != parts(first)


@pytest.mark.parametrize("seed", range(5))
def test_copies_stand_on_one_side_whether_known_or_found(seed):
    copy = story(7, name="copy", outlet="Copier", more="With a line of its own at the end.")
    clusters = {"a8": "wire-1", "a9": "wire-1", "a10": "wire-1"}
    split = make_split([*CORPUS, copy], outlets=[], share=0.4, seed=seed, clusters=clusters)
    side = parts(split)
    assert side["copy"] == side["a7"]
    assert side["a8"] == side["a9"] == side["a10"]
    names = {place.article_id: place.cluster for place in split.places}
    assert names["copy"] == names["a7"] is not None
    assert {names[name] for name in clusters} == {"wire-1"}


def test_an_outlet_held_out_takes_the_copies_of_its_stories_with_it():
    copy = story(7, name="copy", outlet="Copier")
    split = make_split([*CORPUS, copy], outlets=["Copier"], share=0, seed=1)
    assert [name for name, part in parts(split).items() if part is Part.HELD_OUT] == ["a7", "copy"]


def test_a_copy_of_a_known_story_that_the_register_forgot_joins_it():
    copy = replace(CORPUS[8], id="copy", source="Copier")
    clusters = {"a8": "wire-1", "a9": "wire-1"}
    split = make_split([*CORPUS, copy], outlets=["Copier"], share=0, seed=1, clusters=clusters)
    assert {p.article_id for p in split.places if p.part is Part.HELD_OUT} == {"a8", "a9", "copy"}


def test_articles_since_a_date_are_held_out_with_the_copies_of_their_stories_and_nothing_else():
    dated = [replace(a, date=f"2026-01-{i + 1:02}") for i, a in enumerate(CORPUS[:30])]
    early = replace(dated[25], id="early", date="2026-01-02", source="Copier")
    split = make_split(
        [*dated, early, *CORPUS[30:]], outlets=[], share=0, seed=1, since="2026-01-21"
    )
    held_out = {name for name, part in parts(split).items() if part is Part.HELD_OUT}
    assert held_out == {a.id for a in dated[20:]} | {"early"}  # undated ones count as earlier
    assert split.since == "2026-01-21"
    for since, told in (("May", "'May' is no date"), ("2026-02-01", "no article is dated")):
        with pytest.raises(DataError, match=told):
            make_split(dated, outlets=[], share=0, seed=1, since=since)


def test_a_split_that_leaves_nothing_or_names_nobody_is_refused():
    with pytest.raises(DataError, match="no article is by 'Nobody'"):
        make_split(CORPUS, outlets=["Nobody"], share=0.2, seed=1)
    with pytest.raises(DataError, match="every article would be held out"):
        make_split(CORPUS, outlets=[], share=1, seed=1)


def test_a_split_is_read_as_it_was_written_and_gives_the_units_of_a_part(tmp_path):
    examples = labeled_corpus()
    texts = {e.sha256: e.source for e in examples}
    articles = [
        replace(article("x", name=name, source=source), sha256=name)
        for name, source in texts.items()
    ]
    articles = [replace(a, text=f"{i} {a.sha256}") for i, a in enumerate(articles)]
    split = make_split(articles, outlets=["Outlet 2"], share=0.2, seed=1)
    write_split(tmp_path / "s.json", split)
    assert read_split(tmp_path / "s.json") == split
    train, held_out = split.of(Part.TRAIN, examples), split.of(Part.HELD_OUT, examples)
    assert len(train) + len(held_out) == len(examples)
    assert {e.source for e in held_out} == {"Outlet 2"}
    assert not {e.sha256 for e in train} & {e.sha256 for e in held_out}


@pytest.mark.parametrize("change", ["hash", "part", "lacking", "nonsense", "missing"])
def test_a_split_that_was_changed_by_hand_is_refused(tmp_path, change):
    path = tmp_path / "s.json"
    write_split(path, make_split(CORPUS, outlets=["Outlet 1"], share=0.2, seed=1))
    data = json.loads(path.read_text(encoding="utf-8"))
    if change == "hash":
        data["places"][0]["sha256"] = "0" * 64
    elif change == "part":
        data["places"][0]["part"] = "test"
    elif change == "lacking":
        del data["places"][0]["source"]
    path.write_text("{" if change == "nonsense" else json.dumps(data), encoding="utf-8")
    if change == "missing":
        path.unlink()
    with pytest.raises(DataError, match=r"s\.json: (its data hash|not a split|cannot be read)"):
        read_split(path)


def test_the_hash_of_texts_does_not_hang_on_their_order():
    assert texts_digest(["a", "b"]) == texts_digest(["b", "a", "a"]) != texts_digest(["a"])


def test_a_table_of_stories_lacks_no_column(tmp_path):
    path = tmp_path / "clusters.csv"
    path.write_text("article_id,cluster\na1,wire-1\n", encoding="utf-8")
    assert read_clusters(path) == {"a1": "wire-1"}
    path.write_text("article_id,cluster\na1,wire-1\na2,\na3, \na4\n", encoding="utf-8")
    assert read_clusters(path) == {"a1": "wire-1"}  # no name is no story
    path.write_text("article_id,story\na1,wire-1\n", encoding="utf-8")
    with pytest.raises(DataError, match="not a table of wire stories"):
        read_clusters(path)
    with pytest.raises(DataError, match="not a table of wire stories"):
        read_clusters(tmp_path / "none.csv")
