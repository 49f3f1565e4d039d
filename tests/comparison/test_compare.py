from dataclasses import replace
from hashlib import sha256

import pytest

from stance.classifiers.cards import read_card
from stance.codebook import read_codebook
from stance.comparison import alike
from stance.comparison.compare import Settings, compare, corpus_facts, model_facts
from stance.comparison.result import ModelFacts
from stance.errors import DataError, ModelError
from stance.records import GIVEN, Prediction
from stance.report.charts import source_line
from stance.report.machine import to_json
from stance.report.page import render_page
from stance.report.without_text import without_names, without_text
from stance.resources import data_folder
from tests.builders import classified

BOOK = read_codebook()
NOTHING_KNOWN = ModelFacts(name="test@0", n_learned=9, held_out={}, confusion={})
SEVERAL = replace(NOTHING_KNOWN, name="labels that came with the units and test@0", n_learned=0)
NOUNS = (
    *("amber", "birch", "copper", "damask", "ebony", "flint", "granite", "hazel", "indigo"),
    *("jasper", "kelp", "linen"),
)
SHARED = "Regulators cleared the shipment of ferry engines to the northern harbour on Tuesday."
# What an outlet says of a thing: words of its own, so that its articles copy nobody's.
LINES = {
    "Alpha": "The {} crates reached harbour eleven late. Nobody ordered further {} goods since.",
    "Beta": "Traders upriver praise {} wares loudly. Their {} stock fills several warehouses.",
}
MIX = ("optimistic", "neutral", "skeptical", "neutral")


def corpus(n_articles, *, shift=0):
    """Two outlets; the second is more skeptical by `shift` of 4 articles in 4."""
    units = []
    for i in range(n_articles):
        noun = f"{NOUNS[i % len(NOUNS)]} {NOUNS[(i * 5 + 1) % len(NOUNS)]}"
        for outlet, label in (("Alpha", MIX[i % 4]), ("Beta", MIX[i % 4])):
            given = "skeptical" if outlet == "Beta" and i % 4 < shift else label
            text = LINES[outlet].format(noun, noun)
            units += classified(text, given, outlet=outlet, name=f"{outlet}{i}", codebook=BOOK)
    return units


def run(units, *, settled=None, model=NOTHING_KNOWN, vectors="words", **choices):
    return compare(
        units,
        BOOK,
        Settings(vectors=vectors, **choices),
        corpus=corpus_facts(units, {u.unit.article_id: [] for u in units}, 0),
        model=model,
        titles={},
        settled=settled or {},
    )


def test_the_mix_of_each_outlet_counts_units_and_carries_its_interval():
    alpha = run(corpus(12)).mixes[0].outlets[0]
    assert (alpha.outlet, alpha.n_articles, alpha.n_units) == ("Alpha", 12, 24)
    neutral = alpha.shares["neutral"].counted
    assert neutral.value == pytest.approx(0.5)
    assert neutral.low < 0.5 < neutral.high
    assert sum(share.counted.value for share in alpha.shares.values()) == pytest.approx(1)


def test_equal_mixes_are_not_told_apart_and_unequal_ones_are():
    alike, apart = run(corpus(12)), run(corpus(12, shift=4))
    assert alike.mixes[0].same_mix_p > 0.5
    assert "cannot be told from chance" in alike.answer
    assert "skeptical units make up 25% of each" in alike.answer
    assert apart.mixes[0].same_mix_p < 0.01
    assert "by more than chance would give" in apart.answer
    assert "100%" in apart.answer
    assert apart.mixes[0].pairs[0].distance.value == pytest.approx(0.75)


def test_one_article_each_cannot_be_tested_and_the_answer_and_a_refusal_say_so():
    result = run(corpus(1))
    assert result.mixes[0].same_mix_p is None
    assert "cannot be tested, with one article each" in result.answer
    assert any(words.startswith("One article an outlet") for words in result.refusals)
    assert any("could reach p = 0.05" in caveat for caveat in result.caveats)


def test_an_outlet_of_one_article_has_no_interval_of_its_counted_shares():
    units = [unit for unit in corpus(4) if unit.unit.article_id not in {"Beta1", "Beta2", "Beta3"}]
    (told,) = [words for words in run(units).refusals if "one article each" in words]
    assert told.startswith("Beta: one article each, so their counted shares have no interval")
    assert "in the test of counted shares" in told


def test_every_share_without_a_sample_says_what_would_correct_it():
    result = run(corpus(2), paths=("articles",))
    assert result.sample.n_labels == 0
    assert result.sample.remedy.startswith("stance label next articles --folder")
    assert any(result.sample.remedy in words for words in result.refusals)
    assert any("not corrected for its errors" in caveat for caveat in result.caveats)
    assert "correction" not in result.methods


def with_shared_claim(n_articles=3):
    """The second outlet writes at length around the claim: its article is no copy."""
    units = corpus(n_articles)
    units += classified(SHARED, "optimistic", outlet="Alpha", name="a-shared", codebook=BOOK)
    text = SHARED.replace("on Tuesday", "this week")
    return units + classified(text, "skeptical", outlet="Beta", name="b-shared", codebook=BOOK)


def test_a_claim_that_both_outlets_make_is_found_and_their_sides_compared():
    result = run(with_shared_claim(), copies="printed")
    (ours,) = [claim for claim in result.alignment.claims if "Regulators" in claim.title]
    assert [(cell.outlet, cell.label) for cell in ours.cells] == [
        ("Alpha", "optimistic"),
        ("Beta", "skeptical"),
    ]
    quoted = {unit.unit_id: unit for unit in result.units}
    assert all(quoted[u].claim == ours.id for cell in ours.cells for u in cell.unit_ids)
    assert result.agreement[0].disagreements["optimistic / skeptical"] == 1


def test_only_one_who_did_not_ask_for_words_is_told_why_claims_are_matched_by_them(monkeypatch):
    def lacking(texts, *, on_step):
        raise ModelError("no encoder here")

    monkeypatch.setattr(alike, "meaning_vectors", lacking)
    for vectors, reason in (
        ("words", ""),
        ("auto", ", since the encoder that matches by meaning could not be had"),
    ):
        told = run(with_shared_claim(), copies="printed", vectors=vectors).caveats
        assert f"Claims are matched by shared words{reason}: paraphrases are missed." in told


def test_of_copies_the_first_counts_and_both_ways_of_counting_are_shown():
    units = corpus(4)
    long = " ".join(LINES["Alpha"].format(n, n) for n in NOUNS)
    first = classified(long, "optimistic", outlet="Alpha", name="wire", codebook=BOOK)
    later = classified(long, "optimistic", outlet="Beta", name="wire-copy", codebook=BOOK)
    later = [replace(unit, date="2026-02-15") for unit in later]
    once, printed = run(units + first + later), run(units + first + later, copies="printed")
    assert once.copies.groups == printed.copies.groups == (("wire", "wire-copy"),)
    assert (once.copies.n_left_out, printed.copies.n_left_out) == (1, 0)
    assert printed.alignment == once.alignment  # a copy agrees with itself, wherever it counts
    assert (printed.agreement, printed.effects) == (once.agreement, once.effects)
    assert printed.selection == once.selection
    beta, as_printed = once.mixes[0].outlets[1], printed.mixes[0].outlets[1]
    assert (beta.n_units, as_printed.n_units) == (8, 8 + len(later))
    assert beta.other_counting["optimistic"] == as_printed.shares["optimistic"].counted.value
    assert as_printed.other_counting["optimistic"] == beta.shares["optimistic"].counted.value
    assert not any(unit.counts for unit in once.units if unit.article_id == "wire-copy")


def test_outlets_without_a_shared_claim_have_no_agreement_and_are_told_what_stands():
    result = run(corpus(1))
    assert result.alignment.claims == ()
    assert result.agreement[0].nominal is None
    assert any(words.startswith("No claim is shared") for words in result.refusals)


def test_settled_labels_stand_beside_an_outlet_only_where_they_cover_it():
    units = corpus(4)
    settled = {u.unit.id: {"stance": "neutral"} for u in units if u.source == "Alpha"}
    alpha, beta = run(units, settled=settled).mixes[0].outlets
    assert {name: share.settled for name, share in alpha.shares.items()} == {
        "optimistic": 0,
        "neutral": 1,
        "skeptical": 0,
    }
    assert all(share.settled is None for share in beta.shares.values())


def test_an_unknown_outlet_is_refused_in_words():
    units = classified(SHARED, "neutral", outlet=None, name="x/y", codebook=BOOK)
    with pytest.raises(DataError, match=r"the outlet of 1 article.* is unknown, x/y among"):
        run(units)
    with pytest.raises(DataError, match="nothing to compare"):
        run([])


def test_what_a_model_learned_from_is_counted_as_its_card_has_it():
    folder = data_folder("models")
    small = read_card(folder / "small/card.json")
    facts = model_facts("small@0", small)
    assert (facts.n_learned, facts.n_beside) == (small.n_units, len(small.beside))
    assert facts.n_beside > 0
    assert facts.exported
    large, base = (read_card(folder / name / "card.json") for name in ("large", "baseline"))
    assert not model_facts("large@0", large).exported
    assert model_facts("baseline@0", base).n_beside == 0
    by_article = replace(base, held_out={"article": base.held_out["article"]})
    assert model_facts("baseline@0", by_article).held_out_by == "article"
    assert model_facts("baseline@0", by_article).confusion.keys() == {
        "stance",
        "sentiment",
        "voice",
    }
    assert model_facts("baseline@0", base).held_out_by == "outlet"
    assert "hand-labeled" not in run(corpus(2), model=facts).methods["units"]


def test_units_of_tables_are_not_said_to_be_cut_out_of_articles():
    units = corpus(4)
    assert f", came as {len(units)} units." in run(units).methods["units"]


def test_labels_that_name_no_model_are_not_said_to_be_a_models():
    given = run(corpus(12), model=replace(NOTHING_KNOWN, name=GIVEN, n_learned=0))
    told = " ".join([given.answer, *given.caveats, *given.refusals, *given.methods.values()])
    assert "as the labels given say" in given.answer
    assert "Counted shares are those of the labels given with the units" in told
    for claim in ("the model reads", "A model labels", "the model's", "labeled each of them"):
        assert claim not in told
    assert "as the model reads them" in run(corpus(12)).answer


def test_one_outlet_is_described_and_compared_with_nobody():
    result = run([unit for unit in corpus(4) if unit.source == "Alpha"])
    assert "a comparison needs two outlets" in result.answer
    assert result.refusals[0].startswith("One outlet: nothing can be compared")
    assert result.mixes[0].pairs == result.alignment.claims == result.effects == ()
    assert result.mixes[0].outlets[0].shares["neutral"].counted.value == pytest.approx(0.5)


def test_known_errors_of_the_model_put_a_band_beside_a_share_and_a_ceiling_beside_an_alpha():
    table = ((80, 10, 10), (10, 80, 10), (10, 10, 80))
    known = replace(NOTHING_KNOWN, confusion={"stance": table})
    plain, banded = run(with_shared_claim()), run(with_shared_claim(), model=known)
    share = banded.mixes[0].outlets[0].shares["optimistic"]
    assert plain.mixes[0].outlets[0].shares["optimistic"].band is None
    assert share.band[0] < share.counted.value < share.band[1]


def test_the_same_seed_gives_the_same_comparison():
    assert run(corpus(9, shift=2), seed=3) == run(corpus(9, shift=2), seed=3)


def test_a_date_splits_the_time_in_two():
    units = [
        replace(unit, date="2026-05-01" if unit.unit.article_id[-1] > "3" else unit.date)
        for unit in corpus(8)
    ]
    result = run(units, event="2026-03-01")
    assert {around.outlet for around in result.timeline.around} == {None, "Alpha", "Beta"}
    with pytest.raises(DataError, match="2026"):
        run(units, event="in March")


def test_every_answer_is_also_given_by_whose_words_a_unit_is():
    units = [
        replace(unit, predictions=unit.predictions | {"voice": spoken})
        for i, unit in enumerate(with_shared_claim())
        for name in [("author", "attributed")[i % 2]]
        for spoken in [
            Prediction(
                unit_id=unit.unit.id,
                task="voice",
                label=name,
                probabilities={name: 1.0},
                model="test@0",
            )
        ]
    ]
    result = run(units)
    voices = {None, "author", "attributed"}
    assert {mix.voice for mix in result.mixes if mix.task == "stance"} == voices
    assert {found.voice for found in result.agreement} == voices
    assert {found.voice for found in result.selection} == voices
    assert {week.voice for week in result.timeline.weeks} == voices


def with_sign_off(n_articles):
    """The corpus, with one line at the end of so many articles of Alpha."""
    line = "Sign up here for our morning letter, free of charge and of any obligation whatever."
    return corpus(8) + [
        unit
        for i in range(n_articles)
        for unit in classified(line, "neutral", outlet="Alpha", name=f"Alpha{i}", codebook=BOOK)
    ]


def test_lines_that_an_outlet_prints_in_more_than_five_articles_are_told_and_still_count():
    few, many = run(with_sign_off(5)), run(with_sign_off(6))
    assert (few.copies.n_repeated, few.copies.repeated) == (0, None)
    assert not any("lines that their outlet prints" in caveat for caveat in few.caveats)
    assert many.copies.n_repeated == 6
    (told,) = [c for c in many.caveats if "lines that their outlet prints word for word" in c]
    assert told.startswith("6 of 38 units")
    assert "such as “Sign up here for our morning letter" in told
    assert many.mixes[0].outlets[0].n_units == 22


def test_without_text_a_repeated_line_is_told_and_not_quoted():
    whole = run(with_sign_off(6))
    bare = without_text(whole)
    assert "morning letter" in to_json(whole)
    assert "morning letter" not in to_json(bare)
    assert (bare.copies.n_repeated, bare.copies.repeated) == (6, None)
    (told,) = [c for c in bare.caveats if "lines that their outlet prints word for word" in c]
    assert "in more than 5 articles. They count as any other" in told
    assert len(bare.caveats) == len(whole.caveats)
    assert without_text(bare).caveats == bare.caveats


def test_without_names_every_article_goes_by_its_hash_wherever_it_is_named():
    units = corpus(2)
    for name in ("Beta/Ferry wins approval", "Beta/copy-2"):
        text = " ".join(LINES["Beta"].format(noun, noun) for noun in NOUNS)
        units += classified(text, "neutral", outlet="Beta", name=name, codebook=BOOK)
    units += classified(SHARED, "neutral", outlet="Alpha", name="a-shared", codebook=BOOK)
    text = SHARED.replace("on Tuesday", "this week")
    units += classified(text, "neutral", outlet="Beta", name="b-shared", codebook=BOOK)
    articles = {unit.unit.article_id: unit.sha256 for unit in units}
    hidden = without_names(run(units), articles)
    first, second = articles["Beta/Ferry wins approval"][:12], articles["Beta/copy-2"][:12]
    assert first == second
    assert hidden.copies.groups == ((first, f"{first}-2"),)
    assert {unit.article_id for unit in hidden.units} == {
        *(sha256[:12] for sha256 in articles.values()),
        f"{first}-2",
    }
    ids = [unit.unit_id for unit in hidden.units]
    assert ids == [f"{unit.article_id}:{unit.start}-{unit.end}" for unit in hidden.units]
    assert len(set(ids)) == len(units)
    cells = [cell for claim in hidden.alignment.claims for cell in claim.cells]
    assert cells
    assert all(unit_id in ids for cell in cells for unit_id in cell.unit_ids)
    assert not [name for name in articles if f'"{name}' in to_json(replace(hidden, models=()))]
    assert without_names(run(units[::-1]), articles).units == hidden.units


def test_ids_of_a_tables_units_tell_no_name_and_those_without_places_are_numbered():
    ids = ("ferry-wins-approval_1", "Alpha0 ferry wins", "Alpha0: approval", "z")
    places = ((0, 0), (0, 0), (5, 9), (5, 9))
    (unit,) = corpus(1)[:1]
    rows = [
        replace(unit, unit=replace(unit.unit, id=name, index=i, start=start, end=end), sha256="")
        for i, (name, (start, end)) in enumerate(zip(ids, places, strict=True))
    ]
    more = [replace(unit, unit=replace(unit.unit, id="y", index=4, start=11, end=15), sha256="")]
    hidden = without_names(run([*rows, *more]), {"Alpha0": ""})
    name = sha256(b"Alpha0").hexdigest()[:12]
    wanted = [f"{name}#{number}" for number in range(1, 5)] + [f"{name}:11-15"]
    assert [unit.unit_id for unit in hidden.units] == wanted


def test_facts_count_articles_dates_and_repairs():
    units = corpus(2)
    kinds = {"Alpha0": ["period", "period"], "Alpha1": [], "Beta0": []}
    facts = corpus_facts(units, kinds | {"Beta1": [], "c": []}, 3)
    assert (facts.n_articles, facts.n_empty, facts.n_units) == (5, 1, 8)
    assert (facts.n_repaired, facts.n_failed) == (1, 3)
    assert facts.repairs == {"period": 2}
    assert (facts.first_date, facts.last_date, facts.n_undated) == ("2026-02-14", "2026-02-14", 0)


def test_units_that_the_model_left_open_are_counted_and_told():
    units = corpus(2)
    left = [
        replace(u, predictions={t: replace(p, abstained=True) for t, p in u.predictions.items()})
        for u in units[:3]
    ]
    made = run([*left, *units[3:]])
    assert made.corpus.n_abstained == 3
    told = [c for c in made.caveats if "3 of 8 units were left open" in c]
    assert len(told) == 1
    told = "3 units left open by --abstain count by their likeliest label."
    assert told in made.methods["units"]
    assert run(units).corpus.n_abstained == 0


def labeled_by(units, outlet, model, *, without=()):
    """Return units of which those of one outlet were labeled by another, on fewer tasks."""
    return [
        replace(
            unit,
            predictions={
                task: replace(found, model=model)
                for task, found in unit.predictions.items()
                if task not in without
            },
        )
        if unit.source == outlet
        else unit
        for unit in units
    ]


def test_outlets_that_were_labeled_in_different_ways_are_told_before_all_else():
    units = corpus(8, shift=2)
    plain = run(units)
    assert "as the model reads them" in plain.answer
    assert not any("Units were labeled in" in caveat for caveat in plain.caveats)
    mixed = run(labeled_by(units, "Beta", GIVEN), model=SEVERAL)
    assert "as they were labeled, not all in one way" in mixed.answer
    ways = "labels that came with the units and test@0"
    assert mixed.caveats[0].startswith(f"Units were labeled in several ways ({ways}): ")
    assert f"some in each of these ways: {ways}, by the codebook" in mixed.methods["units"]
    assert f". Labeled in several ways: {ways}, codebook " in source_line(mixed)
    held_out = run(labeled_by(units, "Beta", f"{plain.models[0]}+held-out"))
    assert "as the model reads them" in held_out.answer


def test_labels_of_several_ways_are_not_said_to_be_one_models():
    units = labeled_by(with_shared_claim(), "Beta", GIVEN)
    left = [
        replace(u, predictions={t: replace(p, abstained=True) for t, p in u.predictions.items()})
        for u in units[:1]
    ]
    made = run([*left, *units[1:]], model=SEVERAL, copies="printed")
    told = " ".join([*made.caveats, *made.refusals, *made.methods.values()])
    told += render_page(made, BOOK, command="stance compare")
    for claim in (
        "he model labels",
        "Model labels",
        "a model's",
        "It left",
        "The model",
        "the labels of the",
    ):
        assert claim not in told
    assert "learned from is not known" not in told
    unknown = run(units, model=replace(SEVERAL, unknown=("test@0",)))
    assert "What test@0 learned from is not known." in render_page(unknown, BOOK, command="stance")


@pytest.mark.parametrize("outlet", ["Alpha", "Beta"])
def test_tasks_that_only_some_units_have_are_dropped_and_told(outlet):
    units = corpus(4)
    units = [
        replace(
            unit,
            predictions={
                **unit.predictions,
                "sentiment": replace(
                    unit.predictions["stance"],
                    task="sentiment",
                    label="neutral",
                    probabilities={"positive": 0.0, "neutral": 1.0, "negative": 0.0},
                ),
            },
        )
        for unit in units
    ]
    name = units[0].predictions["stance"].model
    made = run(labeled_by(units, outlet, name, without=("sentiment",)))
    assert [mix.task for mix in made.mixes] == ["stance"]
    told = "Not compared, since only some units have a label of it: sentiment."
    assert told in made.caveats
    assert {*made.units[0].labels} == {*made.units[-1].labels} == {"stance"}
    html = render_page(made, BOOK, command="stance compare")
    assert told in html
