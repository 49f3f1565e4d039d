"""Pairs for a person to judge, drawn with known odds, and what the answers say."""

import csv
import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from stance.codebook import read_codebook
from stance.comparison.alike import alike, vectors_of
from stance.comparison.checks import STRATA, claim_pairs, read_checks, write_pairs
from stance.comparison.claims import align
from stance.comparison.observations import observe
from stance.errors import DataError
from tests.builders import classified

BOOK = read_codebook()
GOODS = ("ferry engines", "swing bridges", "smoked eel", "church bells", "harbour pilots")
ENDS = ("were late again this year", "came late, once again", "will be late, as every year")


def corpus():
    """Return observations: three outlets on five goods, and what is said of two at once."""
    units = []
    for outlet, end in zip(("Alpha", "Beta", "=Gamma"), ENDS, strict=True):
        lines = [f"The {goods} for the northern {goods.split()[0]} market {end}" for goods in GOODS]
        lines += [f"Of {a} and {b} {outlet} says little more" for a, b in combinations(GOODS, 2)]
        for i, line in enumerate(lines):
            units += classified(
                f"{line}.", "neutral", outlet=outlet, name=f"{outlet}{i}", codebook=BOOK
            )
    return observe(units, BOOK)


@pytest.fixture(scope="module")
def seen():
    return corpus()


@pytest.fixture(scope="module")
def aligned(seen):
    return align(seen, BOOK.task("stance"), vectors="words", similarity=0.5, seed=1)


@pytest.fixture
def drawn(seen, aligned, tmp_path):
    """Return a file of 40 pairs, and the pairs."""
    pairs = claim_pairs(aligned, seen, 40, seed=2)
    write_pairs(tmp_path / "pairs.csv", pairs, aligned)
    return tmp_path / "pairs.csv", pairs


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def judge(path, answer, *, delimiter=",", encoding="utf-8"):
    """Write a person's answers, by pair id, back into a file."""
    rows = rows_of(path)
    with path.open("w", encoding=encoding, newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        table.writeheader()
        table.writerows(row | {"same_claim": answer(row["pair"])} for row in rows)


def test_pairs_are_drawn_from_strata_that_count_every_pair_once(seen, aligned, drawn):
    _, pairs = drawn
    units = [seen.unit(row).unit for row in range(len(seen.article))]
    outlet = seen.outlet
    claim_of = {u: c.id for c in aligned.claims for cell in c.cells for u in cell.unit_ids}
    table = alike(vectors_of([u.text for u in units], "words"), 0.01).toarray()
    sizes = dict.fromkeys(STRATA, 0)
    for i, j in combinations(range(len(units)), 2):
        if outlet[i] == outlet[j]:
            continue
        together = claim_of.get(units[i].id, i) == claim_of.get(units[j].id, j)
        if together:
            sizes["matched"] += 1
        elif table[i, j] >= 0.4:
            sizes["near"] += 1
        elif table[i, j] >= 0.3:
            sizes["far"] += 1
    assert {pair.stratum: pair.n_stratum for pair in pairs} == sizes
    assert {pair.stratum: pair.n_drawn for pair in pairs} == {"matched": 20, "near": 10, "far": 10}
    for pair in pairs:
        assert pair.outlet_a != pair.outlet_b
        assert (pair.claim is not None) == (pair.stratum == "matched")
        if pair.claim:
            assert pair.claim == claim_of[pair.unit_a] == claim_of[pair.unit_b]
    assert len({frozenset((pair.unit_a, pair.unit_b)) for pair in pairs}) == 40
    assert [pair.stratum for pair in pairs] != sorted(pair.stratum for pair in pairs)
    assert claim_pairs(aligned, seen, 40, seed=2) == pairs != claim_pairs(aligned, seen, 40, seed=3)


def test_who_judges_sees_texts_and_not_what_was_matched(seen, aligned, drawn, tmp_path):
    path, pairs = drawn
    rows = rows_of(path)
    assert [row["pair"] for row in rows] == [f"p{n}" for n in range(1, 41)]
    assert rows[0]["text_a"] == pairs[0].text_a
    assert list(rows[0])[:4] == ["pair", "text_a", "text_b", "same_claim"]
    told = path.read_text(encoding="utf-8")
    assert not any(word in told for word in (*STRATA, "Alpha0", "c1"))
    write_pairs(tmp_path / "open.csv", pairs, aligned, outlets=True)
    outlets = {row["outlet_a"] for row in rows_of(tmp_path / "open.csv")}
    assert outlets == {"Alpha", "Beta", "'=Gamma"}  # no spreadsheet takes it for a formula


def test_answers_to_every_pair_give_precision_and_recall_themselves(seen, aligned, tmp_path):
    pairs = claim_pairs(aligned, seen, 10_000, seed=1)
    assert all(pair.n_drawn == pair.n_stratum for pair in pairs)
    path = tmp_path / "all.csv"
    write_pairs(path, pairs, aligned)
    same = {pair.id: int(pair.id[1:]) % 3 > 0 for pair in pairs}
    judge(path, lambda pair: "y" if same[pair] else "n")
    checked = read_checks(path, aligned)
    matched = [same[pair.id] for pair in pairs if pair.stratum == "matched"]
    assert checked.n_judged == len(pairs)
    assert checked.precision.value == pytest.approx(np.mean(matched))
    assert checked.precision.n_units == len(matched)
    assert checked.precision.low < checked.precision.value < checked.precision.high
    assert checked.recall.value == pytest.approx(sum(matched) / sum(same.values()))
    assert checked.recall.low == checked.recall.value == checked.recall.high
    assert checked.recall.n_units == len(pairs)


def test_strata_count_by_their_size_and_limits_hold_the_truth(aligned, tmp_path):
    rng = np.random.default_rng(8)
    digest_of = tmp_path / "digest.csv"
    write_pairs(digest_of, (), aligned)
    digest = json.loads(digest_of.with_suffix(".design.json").read_text())["alignment"]
    size = {"matched": 300, "near": 500, "far": 4000}
    same = {"matched": 270, "near": 120, "far": 200}
    truth = same["matched"] / sum(same.values())
    drawn = {"matched": 60, "near": 30, "far": 30}
    values, held = [], {"precision": 0, "recall": 0}
    for n in range(120):
        path = tmp_path / "made.csv"
        design, lines = [], ["pair,same_claim"]
        for name in STRATA:
            hits = rng.hypergeometric(same[name], size[name] - same[name], drawn[name])
            for k in range(drawn[name]):
                pair = f"{name}{k}"
                lines.append(f"{pair},{'y' if k < hits else 'n'}")
                right = "b" if name == "matched" else "c"
                row = {"id": pair, "article_a": "a", "article_b": right, "stratum": name}
                claim = f"c{k}" if name == "matched" else None
                design.append(
                    row | {"n_stratum": size[name], "n_drawn": drawn[name], "claim": claim}
                )
        path.write_text("\n".join(lines))
        path.with_suffix(".design.json").write_text(
            json.dumps({"alignment": digest, "pairs": design})
        )
        checked = read_checks(path, aligned)
        values.append(checked.recall.value)
        held["recall"] += checked.recall.low <= truth <= checked.recall.high
        held["precision"] += checked.precision.low <= 0.9 <= checked.precision.high
        assert n or (checked.precision.n_articles, checked.recall.n_articles) == (2, 3)
    assert np.median(values) == pytest.approx(truth, abs=0.06)
    assert held["recall"] >= 0.9 * 120
    assert held["precision"] >= 0.9 * 120


def test_a_kind_of_pair_that_there_is_none_of_is_not_waited_for(drawn, aligned):
    path, _ = drawn
    beside = path.with_suffix(".design.json")
    design = json.loads(beside.read_text())
    pairs = [row for row in design["pairs"] if row["stratum"] != "far"]
    beside.write_text(json.dumps(design | {"pairs": pairs}))
    kept = {row["id"] for row in pairs}
    rows = [row for row in rows_of(path) if row["pair"] in kept]
    said = [f"{row['pair']},{'y' if i % 3 else 'n'}" for i, row in enumerate(rows)]
    path.write_text("\n".join(["pair,same_claim", *said]))
    recall = read_checks(path, aligned).recall
    assert recall.low < recall.value < recall.high


def test_few_pairs_hold_one_of_each_kind(seen, aligned):
    pairs = claim_pairs(aligned, seen, 3, seed=1)
    assert {pair.stratum for pair in pairs} == set(STRATA)


def test_half_judged_files_count_what_is_judged(drawn, aligned):
    path, pairs = drawn
    judged = {pair.id for pair in pairs if pair.stratum == "matched"}
    judge(path, lambda pair: "Y " if pair in judged else "")
    checked = read_checks(path, aligned)
    assert (checked.precision.value, checked.n_judged) == (1, 20)
    assert checked.precision.low < 1
    assert checked.recall is None  # nothing is known of what was missed


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-8")])
def test_what_spreadsheets_make_of_the_file_is_read_too(drawn, aligned, delimiter, encoding):
    path, _ = drawn
    judge(
        path,
        lambda pair: "yes" if int(pair[1:]) % 2 else "NO",
        delimiter=delimiter,
        encoding=encoding,
    )
    assert read_checks(path, aligned).n_judged == 40


def test_a_wrong_row_is_told_with_its_line_and_what_to_write(drawn, aligned):
    path, _ = drawn
    judge(path, lambda pair: "maybe" if pair == "p3" else "y")
    with pytest.raises(DataError, match=r"pairs\.csv: line 4: same_claim is 'maybe': write y or n"):
        read_checks(path, aligned)
    judge(path, lambda pair: "y")
    whole = path.read_text(encoding="utf-8")
    for changed, words in (
        (whole.replace("p5,", "p77,"), "line 6: no pair was drawn as 'p77'"),
        (whole.replace("p5,", "p4,"), "line 6: p4 is judged twice"),
        (whole.replace("same_claim", "verdict"), "the column same_claim is not there"),
        ("", "the column pair is not there"),
    ):
        path.write_text(changed, encoding="utf-8")
        with pytest.raises(DataError, match=words):
            read_checks(path, aligned)
    path.write_text('pair,same_claim\n"p1' + "x" * 200_000, encoding="utf-8")
    usual = csv.field_size_limit(131_072)  # readers of long articles raise it for all
    with pytest.raises(DataError, match="after line 1: not a CSV"):
        read_checks(path, aligned)
    csv.field_size_limit(usual)
    path.write_bytes(b"pair,same_claim\np1,\xff\n")
    with pytest.raises(DataError, match="cannot be read as UTF-8"):
        read_checks(path, aligned)


def test_answers_to_other_claims_or_without_their_design_are_refused(drawn, aligned):
    path, _ = drawn
    with pytest.raises(DataError, match="none of the matched pairs is judged yet"):
        read_checks(path, aligned)
    judge(path, lambda pair: "y")
    with pytest.raises(DataError, match="drawn from other claims than these"):
        read_checks(path, replace(aligned, claims=aligned.claims[1:]))
    path.with_suffix(".design.json").write_text('{"pairs": [{"id": "p1"}]}')
    with pytest.raises(DataError, match=r"pairs\.design\.json.* cannot be read"):
        read_checks(path, aligned)
    path.with_suffix(".design.json").unlink()
    with pytest.raises(DataError, match=r"pairs\.design\.json.* cannot be read"):
        read_checks(path, aligned)


def test_without_claims_or_with_other_units_there_is_nothing_to_draw(seen, aligned):
    with pytest.raises(DataError, match="no claims are shared"):
        claim_pairs(replace(aligned, claims=()), seen, 10, seed=1)
    part = seen.part(seen.outlet < 2)
    with pytest.raises(DataError, match="not those that were aligned"):
        claim_pairs(aligned, part, 10, seed=1)
