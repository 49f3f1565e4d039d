import re
from dataclasses import replace
from importlib.metadata import version

import pytest

from stance.comparison.methods import methods, methods_text
from stance.comparison.references import REFERENCES
from stance.comparison.sample import BEFORE, PASSED_OVER, UNJUDGED
from tests.report.comparisons import comparison, spoiled

CITED = re.compile(r"[A-Z][a-z]+(?: and [A-Z][a-z]+| et al\.)? (?:19|20)\d\d\b(?!-)")


@pytest.fixture(scope="module")
def made():
    return comparison()


def changed_shares(made, **changes):
    return replace(
        made,
        mixes=tuple(
            replace(
                mix,
                outlets=tuple(
                    replace(o, shares={k: replace(s, **changes) for k, s in o.shares.items()})
                    for o in mix.outlets
                ),
            )
            for mix in made.mixes
        ),
    )


def bare(made):
    """The same comparison as of one outlet, without what needs labels, claims or dates."""
    made = changed_shares(made, corrected=None, band=None, settled=None)
    mix = made.mixes[0]
    return replace(
        made,
        model=replace(made.model, n_learned=0, held_out={}, confusion={}),
        corpus=replace(made.corpus, n_empty=0, n_failed=0, n_repaired=0, first_date=None),
        copies=replace(made.copies, groups=(), n_left_out=0),
        sample=replace(made.sample, folder=None, n_labels=0, designs={}, refused={}),
        mixes=(replace(mix, outlets=mix.outlets[:1], pairs=(), same_mix_p=None, corrected_p=None),),
        alignment=replace(made.alignment, claims=(), n_units=0, n_copied=0, stability=None),
        agreement=tuple(
            replace(a, nominal=None, ordinal=None, percent=None, gwet_ac1=None, fleiss=None)
            for a in made.agreement
        ),
        effects=(),
        selection=(),
        timeline=replace(made.timeline, weeks=(), around=(), event=None, n_undated=0),
    )


def test_every_answer_of_a_full_run_has_its_methods_and_the_references_come_last(made):
    assert list(methods(made)) == [
        *("units", "copies", "correction", "shares", "distances", "claims"),
        *("agreement", "effects", "selection", "time", "references"),
    ]


def test_every_work_that_is_cited_is_listed_once_and_none_besides(made):
    for one in (made, bare(made), replace(made, effects=(), agreement=())):
        said = methods(one)
        listed = said.pop("references").split("\n")
        cited = set(CITED.findall(" ".join(said.values())))
        assert cited <= REFERENCES.keys()
        assert listed == [entry for name, entry in REFERENCES.items() if name in cited]


def test_an_entry_is_under_the_name_and_year_that_sentences_cite():
    assert list(REFERENCES.values()) == sorted(REFERENCES.values())
    for cited_as, entry in REFERENCES.items():
        names, _, year = cited_as.rpartition(" ")
        authors = entry.partition(f" ({year}). ")[0]
        assert authors != entry, f"{cited_as}: the entry is of another year"
        first, _, second = names.removesuffix(" et al.").partition(" and ")
        assert authors.startswith(f"{first}, ")
        n_authors = len(re.findall(r"[A-Z][\w-]+, (?:[A-Z]\. ?)+", authors))
        assert n_authors == (2 if second else 1) or (names.endswith("et al.") and n_authors > 2)
        assert not second or f" and {second}, " in authors


def test_the_numbers_are_those_of_the_run(made):
    said = methods(made)
    n_outlets = len(made.mixes[0].outlets)
    articles = {unit.article_id for unit in made.units}
    assert f"{len(articles)} articles of {n_outlets} outlets, dated" in said["units"]
    assert f"{len(made.units):,} units (" in said["units"]
    assert f"the codebook {made.codebook}." in said["units"]
    assert f"stance {version('stance')}" in said["units"]
    assert "seed 7" in said["units"]
    assert "stance 0.71, sentiment 0.68, voice 0.90" in said["units"]
    assert "corrected by hand labels: stance by 240 in 5 of 5 outlets" in said["correction"]
    assert "Of the usable labels of stance, 240 are of a stratified draw." in said["correction"]
    assert "tested by Cochran's Q" in said["distances"]
    assert "4 outlets with articles on both sides" in said["time"]
    assert "31 chosen by an annotator, not at random" in said["correction"]
    assert "(10 pairs)" in said["distances"]
    assert "similarity of at least 0.62 to the one at its centre" in said["claims"]
    assert f"{len(made.alignment.claims)} claims of two" in said["claims"]
    assert "found in 80% of the articles agree with these by" in said["claims"]
    assert "adjusted Rand index of 0.81, the mean of 10 draws of articles" in said["claims"]
    assert "precision of matches was 0.86." in said["claims"]
    assert "0.47 (0.36 to 0.58)" in said["agreement"]
    assert "1,339 held-out units" in said["agreement"]
    assert "before 2026-01-14" in said["time"]
    assert "23 units without a date" in said["time"]


def test_a_run_without_labels_claims_or_dates_says_nothing_of_them(made):
    said = methods(bare(made))
    assert list(said) == ["units", "copies", "shares", "references"]
    assert "not corrected" in said["shares"]
    whole = " ".join(said.values())
    for word in ("hand label", "band", "Egami", "Holm", "alpha", "cosine", "repaired", ", dated"):
        assert word not in whole
    assert "none were found" in said["copies"]


def test_a_correction_of_some_outlets_says_of_how_many(made):
    mix = made.mixes[0]
    last = mix.outlets[-1]
    counted = {label: replace(s, corrected=None) for label, s in last.shares.items()}
    some = replace(mix, outlets=(*mix.outlets[:-1], replace(last, shares=counted)))
    assert "in 4 of 5 outlets" in methods(replace(made, mixes=(some,)))["correction"]


def test_tests_of_corrected_shares_are_told_of_the_outlets_that_have_them(made):
    mix = made.mixes[0]

    def said(n_tested, n_limits):
        pairs = tuple(
            replace(
                pair,
                corrected_p_holm=0.3 if i < n_tested else None,
                differences={
                    label: replace(d, corrected=i < n_limits)
                    for label, d in pair.differences.items()
                },
            )
            for i, pair in enumerate(mix.pairs)
        )
        return methods(replace(made, mixes=(replace(mix, pairs=pairs, corrected_p=None),)))

    some, none = said(1, 1), said(0, 0)
    assert "Cochran's Q" in some["distances"]
    assert "too, and differences between outlets and their tests go by these." in some["correction"]
    assert "Cochran's Q" not in none["distances"]
    assert "take its articles for a sample too." in none["correction"]
    untested = said(0, 1)["correction"]
    assert "too, and differences between outlets go by these." in untested


def test_of_a_date_only_what_was_done_is_told(made):
    together = "All outlets together may also change because some print more than before."
    full = methods(made)["time"]
    assert "limits by squaring and adding (Newcombe 1998), p-values by moving" in full
    assert f"adjusted for the number of outlets (Holm 1979). {together}" in full
    around = tuple(
        replace(
            one,
            p_value=None,
            p_holm=None,
            differences={k: replace(d, low=None, high=None) for k, d in one.differences.items()},
        )
        for one in made.timeline.around
        if one.outlet is None
    )
    bare_time = replace(made.timeline, around=around)
    mix = made.mixes[0]
    alone = replace(mix, outlets=mix.outlets[:1], pairs=())
    said = methods(replace(made, timeline=bare_time, mixes=(alone,)))["time"]
    assert "are compared in all outlets together: differences. " in said
    assert together not in said


def test_labels_that_stand_for_themselves_alone_are_told_from_those_of_the_draw(made):
    def said(**designs):
        names = {"before": BEFORE, "census": "census", "random": "random/1a", "more": "random/2b"}
        found = {names[name]: n for name, n in designs.items()}
        return methods(replace(made, sample=replace(made.sample, designs=found)))["correction"]

    assert (
        "Of the usable labels of stance, 200 are of a random draw; 30 judged before the draw and "
        "10 of articles judged whole stand for themselves alone."
    ) in said(random=150, more=50, before=30, census=10)
    assert "stance, 20 are of a random draw." in said(random=20)
    whole = said(census=60)
    assert "stance, 60 of articles judged whole stand for themselves alone." in whole
    assert "known design" not in whole


@pytest.mark.parametrize(
    ("designs", "weighs", "joined"),
    [
        ({"random/1": 9}, False, False),
        ({"stratified/1": 9}, True, False),
        ({"random/1": 5, "stratified/2": 4}, True, True),
    ],
)
def test_what_a_label_weighs_is_told_where_a_draw_was_stratified(made, designs, weighs, joined):
    told = methods(replace(made, sample=replace(made.sample, designs=designs)))["correction"]
    assert ("weighs as many units as its stratum" in told) is weighs
    assert ("labels of random draws are weighed in the same strata." in told) is joined


def test_that_headings_and_short_units_make_no_claims_is_told(made):
    told = methods(made)["claims"]
    assert "headings, attributions and units of fewer than 6 words make none" in told


def test_a_share_that_no_draw_speaks_for_is_not_said_to_be_post_stratified(made):
    rule = (
        "predicted labels with fewer than 8 drawn hand labels are taken together, or with another; "
        "the probabilities count only where an outlet has 20 drawn hand labels or more and they "
        "help"
    )
    assert rule in methods(made)["correction"]
    whole = methods(replace(made, sample=replace(made.sample, designs={"census": 60})))
    assert "post-stratified" not in whole["correction"]


def test_drawn_units_without_a_label_are_no_labels_that_were_left_aside(made):
    refused = {UNJUDGED: 30, "chosen by hand": 5, PASSED_OVER: 2}
    said = methods(replace(made, sample=replace(made.sample, refused=refused)))["correction"]
    assert f"Drawn units without a label of stance: 30 {UNJUDGED}; 2 {PASSED_OVER}." in said
    assert "Hand labels of stance left aside: 5 chosen by hand." in said
    few = methods(replace(made, sample=replace(made.sample, refused={UNJUDGED: 30})))["correction"]
    assert "left aside" not in few


def test_what_the_model_learned_from_is_told_as_it_was(made):
    plain = methods(made)["units"]
    assert "It had learned from 2,841 units with settled labels; its macro-F1 on outlets" in plain
    model = replace(made.model, n_beside=1280, exported=True)
    said = methods(replace(made, model=model))["units"]
    assert "with settled labels, and from 1,280 units beside; its macro-F1" in said
    assert "had not seen, measured before its export, was: stance 0.71" in said
    by_article = methods(replace(made, model=replace(model, held_out_by="article")))["units"]
    assert "its macro-F1 on articles that it had not seen, measured" in by_article
    alone = methods(replace(made, model=replace(model, held_out={})))["units"]
    assert "and from 1,280 units beside. " in alone


def test_units_of_a_table_were_not_cut_and_have_no_kinds(made):
    n, n_units = made.corpus.n_articles - made.corpus.n_empty, len(made.units)
    said = methods(replace(made, n_from_tables=n))["units"]
    assert f", came as {n_units:,} units." in said
    assert "cut into" not in said
    assert "sentences" not in said
    some = methods(replace(made, n_from_tables=3))["units"]
    assert f" (3 of them as units of a table) make {n_units:,} units." in some


def test_steps_of_the_tests_are_told(made):
    said = methods(made)
    assert (
        "the chance that two outlets on a claim have the same label (each claim counts once)"
        in (said["agreement"])
    )
    assert (
        "articles, that of each outlet mixed with the pooled spread of both as if that were half "
        "an article more."
    ) in said["distances"]
    assert (
        "found anew which claims two others make, and each claim weighs by 1 / (1 - "
        in (said["selection"])
    )
    assert (
        "joins a group where 30% of it stand in the group's first or half of the group, of its "
        "first 8 at most, are its copies."
    ) in said["copies"]


def test_differences_are_named_as_what_they_are_of(made):
    assert "Differences of corrected shares" in methods(made)["distances"]
    counted = comparison(corrected=False)
    assert "Differences of counted shares" in methods(counted)["distances"]
    assert "correction" not in methods(counted)


def test_how_articles_were_regrouped_is_what_the_pairs_record(made):
    def said(*ways):
        pairs = made.mixes[0].pairs
        changed = [
            replace(
                pair, distance=replace(pair.distance, n_regroupings=n, exact=exact, smallest_p=p)
            )
            for pair, (n, exact, p) in zip(pairs, ways, strict=False)
        ]
        return methods(replace(made, mixes=(replace(made.mixes[0], pairs=tuple(changed)),)))[
            "distances"
        ]

    few = said((20, True, 0.1), (70, True, 0.03))
    assert "between the two outlets, in all possible ways;" in few
    assert "none could be below 0.06" in few
    both = said((20, True, 0.001), (1999, False, 1 / 2000))
    assert "in all possible ways where these are few and 1,999 random ones elsewhere;" in both
    assert "none could be" not in both
    assert "Besag" not in both
    early = said((1999, False, 1e-4), (18599, False, 1e-4))
    assert "in 1,999 to 18,599 random ways (stopped early" in early
    assert "in 1,999 random ways (stopped early" in said((1999, False, 1e-4), (1999, False, 1e-4))


def test_how_all_outlets_were_regrouped_is_told(made):
    def said(*n_articles):
        mixes = [
            replace(
                made.mixes[0],
                same_mix_p=0.5,
                pairs=(),
                outlets=tuple(
                    replace(outlet, n_articles=n)
                    for outlet, n in zip(made.mixes[0].outlets, sizes, strict=False)
                ),
            )
            for sizes in n_articles
        ]
        return methods(replace(made, mixes=tuple(mixes)))["distances"]

    drawn = "up to 9,999 random"
    assert f"over all of them, with {drawn} regroupings of all articles." in said((9, 9))
    assert f"with {drawn} regroupings of all articles." in said((3, 3, 3))
    few = said((4, 5))
    assert "with all regroupings of their articles." in few
    assert drawn not in few
    both = f"with all regroupings of their articles where these are few and {drawn} ones elsewhere."
    assert both in said((9, 9), (4, 5))


def test_copies_that_count_are_said_to(made):
    printed = replace(made, copies=replace(made.copies, counted="printed", n_left_out=0))
    assert "Each counts in the shares" in methods(printed)["copies"]
    assert "4 articles are left out" in methods(made)["copies"]


def test_units_labeled_by_models_that_had_not_seen_them_are_said_to_be(made):
    words = "by models that had not seen it"
    assert words not in methods(made)["units"]
    held_out = replace(made, models=("a@1", "a@1+held-out"))
    assert words in methods(held_out)["units"]


def test_the_text_is_paragraphs_and_a_list_on_plain_lines(made):
    text = methods_text(made)
    paragraphs = text.rstrip("\n").split("\n\n")
    assert len(paragraphs) == 12
    assert paragraphs[-2] == "References"
    assert all(line.startswith("- ") for line in paragraphs[-1].split("\n"))
    assert not any("\n" in paragraph for paragraph in paragraphs[:-1])
    assert "  " not in text
    assert " ." not in text
    assert "None" not in text


def test_what_comes_from_outside_cannot_drive_a_terminal(made):
    text = methods_text(spoiled(made, "\x1b[31m\u202e"))
    assert "\x1b" not in text
    assert "\u202e" not in text
