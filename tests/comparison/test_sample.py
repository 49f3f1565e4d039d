import random
from dataclasses import replace

import numpy as np
import pytest

from stance.codebook import read_codebook
from stance.comparison.observations import observe
from stance.comparison.sample import UNDECIDED, open_and_aside, sampled, without_sample
from stance.comparison.shares import corrected_shares
from stance.errors import LabelError
from stance.labeling.designs import Design, Plan
from stance.labeling.desk import Assignment, judgement
from stance.labeling.log import AnnotationLog, standing
from stance.labeling.queue import Candidate, add_draw, draw_units
from stance.labeling.store import Document, register_documents, write_documents
from tests.builders import classified

BOOK = read_codebook()
STANCE = BOOK.task("stance")
OUTLETS = ("Mole", "Quay")
TRAINED = "articles that the model learned from"
OPEN = "drawn and not judged yet"
PASSED = "drawn and passed over, without a label: they may be harder than the rest"


def corpus(n_articles=6, n_units=10):
    """Two outlets of articles with units read as one label each, the labels in turn."""
    units = []
    for outlet in OUTLETS:
        for i in range(n_articles):
            name = f"{outlet.lower()}{i}"
            text = " ".join(f"The ferry {name} sailed on day {j}." for j in range(n_units))
            label = STANCE.classes[i % 3]
            units += classified(text, label, outlet=outlet, name=name, codebook=BOOK)
    assert len(units) == 2 * n_articles * n_units
    return units


def truth_of(unit):
    """What a person says: what the article is read as, but every third time or so skeptical."""
    said = STANCE.classes[int(unit.unit.article_id[-1]) % 3]
    return "skeptical" if random.Random(unit.unit.id).random() < 0.35 else said


class Desk:
    """A label folder in use: draws and judgements as the commands make them."""

    def __init__(self, folder, units):
        self.folder, self.units = folder, {unit.unit.id: unit for unit in units}
        self.log = AnnotationLog(folder / "annotations.jsonl")
        self.draws = 0
        documents = (
            Document(
                article_id=unit.unit.article_id,
                sha256=unit.sha256,
                characters=0,
                source=unit.source,
            )
            for unit in units
        )
        write_documents(folder / "documents.csv", register_documents({}, documents))

    def draw(self, plan, n, *, book=BOOK.reference, left_out=()):
        judged = {p.unit_id for p in standing(self.log.events())} & self.units.keys()
        pool = [
            Candidate(
                unit_id=unit.unit.id,
                article_id=unit.unit.article_id,
                outlet=unit.source,
                predicted=unit.predictions["stance"].label,
                margin=random.Random(unit.unit.id).random(),
            )
            for unit in self.units.values()
            if unit.unit.id not in judged and unit.unit.article_id not in left_out
        ]
        self.draws += 1
        made = draw_units(
            pool, plan, n, seed=self.draws, codebook=book, n_judged_before=len(judged)
        )
        add_draw(self.folder / "draws.jsonl", made)
        return made

    def judge(self, unit_ids, design, *, by="ada", label=None, book=BOOK):
        events = [
            judgement(
                Assignment(unit=self.units[unit_id].unit, design=design),
                by,
                "stance",
                label or truth_of(self.units[unit_id]),
                book,
            )
            for unit_id in unit_ids
        ]
        self.log.append(events)
        return events

    def judge_draw(self, made, *, first=None, **options):
        """Judge a draw, all of it or its first units, in its order."""
        for unit in made.units[:first]:
            self.judge([unit.unit_id], made.design_of(unit), **options)
        return made

    def units_of(self, article):
        return [u for u, unit in self.units.items() if unit.unit.article_id == article]

    def sampled(self, units=None, **options):
        self.observations = observe(units or list(self.units.values()), BOOK)
        return sampled(self.folder, self.observations, BOOK, **options)

    def shares(self, sample, observations=None):
        return corrected_shares(observations or self.observations, STANCE, sample)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path, corpus())


def true_share(desk, outlet, label="skeptical"):
    own = [unit for unit in desk.units.values() if unit.source == outlet]
    return sum(truth_of(unit) == label for unit in own) / len(own)


@pytest.mark.parametrize("plan", [Plan.RANDOM, Plan.STRATIFIED])
def test_a_draw_over_the_corpus_is_a_sample_of_each_outlet(desk, plan):
    made = desk.judge_draw(desk.draw(plan, 60))
    sample = desk.sampled(paths=["news"])
    assert sample.facts.n_labels == 60
    assert sample.facts.designs == {f"{plan}/{made.id}": 60}
    assert sample.facts.refused == {}
    assert sample.facts.remedy is None
    labels = sample.tasks["stance"]
    assert labels.located
    assert labels.covered.all()
    assert labels.sizes.sum() == 120
    shares = desk.shares(sample)
    assert set(shares) == set(OUTLETS)
    assert sum(share["neutral"].n_labels for share in shares.values()) == 60
    for share in shares.values():
        assert sum(found.value for found in share.values()) == pytest.approx(1)
        assert share["skeptical"].general_low < share["skeptical"].low
        assert share["skeptical"].high < share["skeptical"].general_high
        assert share["skeptical"].n_units == 60


def test_limits_hold_the_truth_of_nineteen_draws_in_twenty(tmp_path):
    held = []
    for number in range(25):
        desk = Desk(tmp_path / str(number), corpus())
        desk.draws = 100 * number  # the seed
        desk.judge_draw(desk.draw(Plan.STRATIFIED, 60))
        for outlet, share in desk.shares(desk.sampled()).items():
            held += [
                share[label].low <= true_share(desk, outlet, label) <= share[label].high
                for label in STANCE.classes
            ]
    assert 0.9 <= np.mean(held) < 1


def test_labels_of_everything_leave_nothing_to_doubt(desk):
    desk.judge_draw(desk.draw(Plan.STRATIFIED, 500))
    for outlet, share in desk.shares(desk.sampled()).items():
        found = share["skeptical"]
        assert (found.value, found.low, found.high) == pytest.approx(
            (true_share(desk, outlet),) * 3
        )


@pytest.mark.parametrize(
    "plans",
    [
        (Plan.RANDOM, Plan.RANDOM, Plan.RANDOM),
        (Plan.STRATIFIED, Plan.STRATIFIED),
        (Plan.RANDOM, Plan.STRATIFIED),
        (Plan.STRATIFIED, Plan.RANDOM),
    ],
)
def test_draws_one_after_the_other_are_one_sample(desk, plans):
    made = [desk.judge_draw(desk.draw(plan, 25)) for plan in plans]
    sample = desk.sampled()
    assert sample.facts.designs == {
        f"{plan}/{draw.id}": 25 for plan, draw in zip(plans, made, strict=True)
    }
    labels = sample.tasks["stance"]
    assert labels.drawn.sum() == 25 * len(plans)
    assert not labels.certain.any()
    assert labels.sizes.sum() == 120


def test_draws_that_join_while_one_is_still_open_lean_to_no_side(tmp_path):
    units = corpus(n_articles=9)
    errors, held = [], []
    for repeat in range(40):
        (folder := tmp_path / str(repeat)).mkdir()
        desk = Desk(folder, units)
        desk.draws = 100 * repeat
        first = desk.draw(Plan.RANDOM, 30)
        desk.log.append([_event(desk, unit, first) for unit in first.units[:20]])
        second = desk.draw(Plan.RANDOM, 20)  # may draw what the first drew and nobody judged
        desk.log.append([_event(desk, unit, second) for unit in second.units])
        desk.log.append([_event(desk, unit, first) for unit in first.units[20:]])
        sample = desk.sampled()
        assert 40 <= sample.facts.n_labels <= 50
        for outlet, share in desk.shares(sample).items():
            truth = true_share(desk, outlet)
            errors.append(share["skeptical"].value - truth)
            held.append(share["skeptical"].low <= truth <= share["skeptical"].high)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors))
    assert np.mean(held) >= 0.88  # 80 intervals at 0.95


def test_a_draw_that_is_finished_after_the_next_was_made_still_joins(desk):
    first = desk.draw(Plan.RANDOM, 25)
    desk.log.append([_event(desk, unit, first) for unit in first.units[:10]])
    second = desk.draw(Plan.RANDOM, 25)
    desk.log.append([_event(desk, unit, first) for unit in first.units[10:]])
    known = {unit.unit_id for unit in first.units}
    desk.log.append([_event(desk, u, second) for u in second.units if u.unit_id not in known])
    third = desk.judge_draw(desk.draw(Plan.RANDOM, 25))
    facts = desk.sampled().facts
    assert set(facts.designs) == {f"random/{draw.id}" for draw in (first, second, third)}
    assert facts.refused == {}


def test_an_outlet_whose_labels_end_their_strata_has_no_corrected_share(tmp_path):
    few = classified("One. Two. Three.", "optimistic", outlet="Mole", name="mole9", codebook=BOOK)
    many = [u for u in corpus() if u.predictions["stance"].label != "optimistic"]
    desk = Desk(tmp_path, [*many, *few])
    made = desk.draw(Plan.STRATIFIED, 60)
    ended = [u for u in made.units if u.stratum in ("Mole / optimistic", "Quay / skeptical")]
    assert sum(unit.stratum == "Mole / optimistic" for unit in ended) == len(few)
    desk.log.append([_event(desk, unit, made) for unit in ended])
    shares = desk.shares(desk.sampled())
    assert list(shares) == ["Quay"]
    assert all(np.isfinite(share.value) for share in shares["Quay"].values())


@pytest.mark.parametrize("n", [118, 120])
def test_the_last_labels_of_an_outlet_do_not_take_its_share_away(desk, n):
    desk.judge_draw(desk.draw(Plan.STRATIFIED, 500), first=n)
    changed = [
        replace(unit, sha256="0" * 64) if unit.unit.article_id == "mole0" else unit
        for unit in desk.units.values()
    ]
    found = desk.shares(desk.sampled(changed))["Mole"]["skeptical"]
    # Nothing is known of ten units of sixty: the limits leave room for them.
    assert found.high - found.low > 0.15
    assert found.low < true_share(desk, "Mole") < found.high


def test_an_outlet_of_copies_alone_asks_for_no_labels(desk):
    first = [desk.units[u] for u in desk.units_of("mole0")]
    words = " ".join(unit.unit.text for unit in first)
    label = first[0].predictions["stance"].label
    copy = classified(words, label, outlet="Wire", name="wire0", codebook=BOOK)
    desk.judge_draw(desk.draw(Plan.STRATIFIED, 500))
    once = observe([*desk.units.values(), *copy], BOOK, left_out=frozenset({"wire0"}))
    assert sampled(desk.folder, once, BOOK, copies={"wire0"}, paths=("news",)).facts.remedy is None


def _event(desk, unit, made):
    assigned = Assignment(unit=desk.units[unit.unit_id].unit, design=made.design_of(unit))
    return judgement(assigned, "ada", "stance", truth_of(desk.units[unit.unit_id]), BOOK)


def test_what_was_judged_before_a_draw_stands_for_itself_however_it_was_chosen(desk):
    chosen = desk.units_of("mole0")[:4] + desk.units_of("quay1")[:3]
    desk.judge(chosen, "chosen")
    made = desk.judge_draw(desk.draw(Plan.RANDOM, 40))
    sample = desk.sampled()
    assert sample.facts.designs == {"judged before the draw": 7, f"random/{made.id}": 40}
    labels = sample.tasks["stance"]
    assert {desk.observations.units[i].unit.id for i in np.flatnonzero(labels.certain)} == set(
        chosen
    )
    assert labels.sizes.sum() == 113


def test_draws_with_something_else_judged_between_do_not_join_and_the_larger_counts(desk):
    first = desk.judge_draw(desk.draw(Plan.RANDOM, 20))
    taken = {unit.unit_id for unit in first.units}
    desk.judge([u for u in desk.units_of("mole1") if u not in taken][:3], "chosen")
    second = desk.judge_draw(desk.draw(Plan.RANDOM, 30))
    facts = desk.sampled().facts
    assert facts.designs == {"judged before the draw": 23, f"random/{second.id}": 30}
    third = desk.draw(Plan.RANDOM, 5)
    desk.judge([u for u in desk.units_of("mole2") if u not in taken][-1:], "chosen")
    fourth = desk.judge_draw(desk.draw(Plan.RANDOM, 4))
    facts = desk.sampled().facts
    assert facts.designs[f"random/{second.id}"] == 30
    assert facts.refused["draws that do not join with the one that is used"] == 4
    assert third.id != fourth.id


def test_half_of_a_mixed_draw_carries_an_estimate_and_the_other_half_none(desk):
    made = desk.judge_draw(desk.draw(Plan.MIXED, 40))
    facts = desk.sampled().facts
    assert facts.designs == {f"random/{made.id}": 20}
    assert facts.refused == {"chosen where a model was least sure": 20}


def test_an_unfinished_draw_is_used_and_what_is_open_is_said_with_the_command_for_it(desk):
    made = desk.judge_draw(desk.draw(Plan.STRATIFIED, 60), first=35)
    facts = desk.sampled(paths=["my news", "--register", "r.csv"]).facts
    assert facts.n_labels == 35
    assert facts.refused == {OPEN: 25}
    assert facts.remedy == (
        f"stance label serve 'my news' --register r.csv --folder {desk.folder} --draw {made.id}"
    )


def test_units_passed_over_are_told_from_those_not_reached(desk):
    made = desk.draw(Plan.RANDOM, 30)
    desk.judge_draw(made, first=20)
    skipped = made.units[5]
    (event,) = desk.judge([skipped.unit_id], made.design_of(skipped))
    desk.log.append([replace(event, label=None)])  # taken back
    facts = desk.sampled().facts
    assert facts.refused == {OPEN: 10, PASSED: 1}
    assert open_and_aside(facts) == (f"10 {OPEN}; 1 {PASSED}", "")
    assert open_and_aside(replace(facts, refused={OPEN: 2, "chosen by hand": 3})) == (
        f"2 {OPEN}",
        "3 chosen by hand",
    )


def test_an_article_judged_to_its_end_stands_for_itself_and_one_in_part_for_nothing(desk):
    desk.judge(desk.units_of("mole0"), "census")
    desk.judge(desk.units_of("mole1")[:9], "census")
    sample = desk.sampled(paths=["news"])
    assert sample.facts.designs == {"census": 10}
    assert sample.facts.refused == {"articles judged in part": 9}
    assert desk.shares(sample) == {}  # it says nothing of the other articles
    assert sample.facts.remedy == (
        f"stance label next news --folder {desk.folder} --plan stratified -n 300"
    )


def test_an_outlet_judged_to_its_end_is_known_though_the_other_is_not(desk):
    for i in range(6):
        desk.judge(desk.units_of(f"quay{i}"), "census")
    shares = desk.shares(desk.sampled())
    assert set(shares) == {"Quay"}
    found = shares["Quay"]["skeptical"]
    assert found.low == found.high == pytest.approx(true_share(desk, "Quay"))
    assert found.general_high > found.high


def test_a_census_after_a_draw_takes_its_article_out_of_what_was_drawn_from(desk):
    made = desk.judge_draw(desk.draw(Plan.RANDOM, 40))
    drawn = {unit.unit_id for unit in made.units}
    inside = [u for u in desk.units_of("mole0") if u in drawn]
    desk.judge([u for u in desk.units_of("mole0") if u not in drawn], "census")
    sample = desk.sampled()
    assert sample.facts.designs == {"census": 10, f"random/{made.id}": 40 - len(inside)}
    assert desk.shares(sample)["Mole"]["neutral"].n_labels == sum(
        u.startswith("mole") for u in drawn | set(desk.units_of("mole0"))
    )


def test_labels_without_a_known_chance_are_refused_each_with_its_reason(desk):
    made = desk.judge_draw(desk.draw(Plan.RANDOM, 30))
    rest = [u for u in desk.units if u not in {unit.unit_id for unit in made.units}]
    desk.judge(rest[:3], "chosen")
    desk.judge(rest[3:5], "uncertain/12345678")
    desk.judge(rest[5:9], "random/12345678")
    desk.judge(rest[9:10], f"random/{made.id}")
    desk.judge(rest[10:11], "adjudication")
    facts = desk.sampled().facts
    assert facts.n_labels == 30
    assert facts.refused == {
        "draws that draws.jsonl does not hold": 4,
        "chosen by hand": 3,
        "chosen where a model was least sure": 2,
        "units that are not in the draw that they name": 1,
        "judged by an adjudicator alone": 1,
    }


def test_a_drawn_unit_that_was_picked_by_hand_is_no_part_of_the_sample(desk):
    made = desk.judge_draw(desk.draw(Plan.RANDOM, 30), first=20)
    desk.judge([unit.unit_id for unit in made.units[25:]], "chosen")
    facts = desk.sampled().facts
    assert facts.designs == {f"random/{made.id}": 20}
    assert facts.refused == {"chosen by hand": 5, OPEN: 5}


def test_disagreements_are_left_aside_until_somebody_decides(desk):
    made = desk.judge_draw(desk.draw(Plan.RANDOM, 30))
    unit = made.units[0]
    desk.judge([unit.unit_id], made.design_of(unit), by="bo", label="skeptical")
    desk.judge([unit.unit_id], made.design_of(unit), label="optimistic")
    other = desk.draw(Plan.RANDOM, 10)
    facts = desk.sampled(paths=["news"]).facts
    assert facts.refused == {UNDECIDED: 1, OPEN: 10}
    assert "a selected part" in UNDECIDED
    assert facts.n_labels == 29
    assert facts.remedy == f"stance label serve news --folder {desk.folder} --draw {made.id}"
    desk.judge([unit.unit_id], "adjudication", by="cy", label="neutral")
    sample = desk.sampled(paths=["news"])
    assert sample.facts.remedy.endswith(f"--draw {other.id}")
    assert sample.facts.n_labels == 30
    row = [u.unit.id for u in desk.observations.units].index(unit.unit_id)
    assert STANCE.classes[sample.tasks["stance"].truth[row]] == "neutral"


def test_what_a_model_would_decide_is_told_as_not_used_whatever_number_judged(desk):
    made = desk.judge_draw(desk.draw(Plan.RANDOM, 30))
    unit = made.units[0]
    for name, label in (("ada", "neutral"), ("bo", "neutral"), ("cy", "skeptical")):
        desk.judge([unit.unit_id], made.design_of(unit), by=name, label=label)
    facts = desk.sampled().facts
    assert facts.refused == {UNDECIDED: 1}
    assert "what a model decides for label settle is not used" in UNDECIDED


def test_labels_under_another_codebook_are_refused(desk):
    other = read_codebook("huawei-5g")
    desk.judge(list(desk.units)[:7], "census", label="neutral", book=other)
    assert desk.sampled().facts.refused == {"labels under another codebook": 7}
    desk.judge_draw(desk.draw(Plan.RANDOM, 10, book=other.reference))  # no command would
    assert desk.sampled().facts.refused == {
        "draws under another codebook": 10,
        "labels under another codebook": 7,
    }


def test_labels_of_units_that_are_not_here_are_refused_and_so_is_a_draw_from_more_than_is_here(
    desk,
):
    desk.judge_draw(desk.draw(Plan.RANDOM, 60))
    here = [unit for unit in desk.units.values() if not unit.unit.article_id.endswith("5")]
    facts = desk.sampled(here).facts
    gone = facts.refused["units that are not in this corpus"]
    assert 0 < gone < 60
    assert facts.refused["draws from other units than those of this corpus"] == 60 - gone
    assert facts.n_labels == 0
    assert "label next" in facts.remedy


def test_a_draw_from_less_than_is_here_is_refused(desk):
    desk.judge_draw(desk.draw(Plan.STRATIFIED, 30, left_out=("mole0",)))
    sample = desk.sampled()
    assert sample.facts.refused == {"draws from other units than those of this corpus": 30}
    assert desk.shares(sample) == {}


def test_a_draw_that_knew_other_labels_than_the_log_has_is_refused(desk):
    desk.judge(desk.units_of("mole0")[:3], "chosen")
    made = desk.draw(Plan.RANDOM, 20)
    desk.log.path.unlink()
    desk.judge_draw(made)
    reason = "draws from other units than those of this corpus"
    assert desk.sampled().facts.refused == {reason: 20}


def test_a_draw_of_outlets_by_other_names_is_refused(desk):
    desk.judge_draw(desk.draw(Plan.STRATIFIED, 30))
    renamed = [replace(unit, source=f"The {unit.source}") for unit in desk.units.values()]
    assert desk.sampled(renamed).facts.n_labels == 0


def test_labels_of_a_text_that_was_changed_are_refused_and_leave_room_for_its_units(desk):
    desk.judge_draw(desk.draw(Plan.RANDOM, 60))
    before = desk.shares(desk.sampled())
    changed = [
        replace(unit, sha256="0" * 64) if unit.unit.article_id == "mole0" else unit
        for unit in desk.units.values()
    ]
    sample = desk.sampled(changed)
    (n_changed,) = sample.facts.refused.values()
    assert set(sample.facts.refused) == {"articles whose text is not the one that was judged"}
    assert sample.facts.n_labels == 60 - n_changed
    after = desk.shares(sample)
    assert after["Quay"] == before["Quay"]
    for share in after["Mole"].values():  # ten of its sixty units may be of any class
        assert share.n_units == 60
        assert share.high - share.low > 1 / 6
        assert share.low <= share.value <= share.high


def test_labels_that_the_model_learned_from_are_refused_unless_its_word_on_them_is_held_out(desk):
    made = desk.judge_draw(desk.draw(Plan.RANDOM, 60))
    trained_on = {unit.sha256 for unit in desk.units.values() if unit.source == "Mole"}
    n_mole = sum(unit.unit_id.startswith("mole") for unit in made.units)
    sample = desk.sampled(trained_on=trained_on)
    assert sample.facts.refused == {TRAINED: n_mole}
    assert set(desk.shares(sample)) == {"Quay"}
    drawn = {unit.unit_id for unit in made.units}
    held_out = [
        replace(
            unit,
            predictions={
                task: replace(prediction, model="test@0+held-out")
                for task, prediction in unit.predictions.items()
            },
        )
        if unit.unit.id in drawn
        else unit
        for unit in desk.units.values()
    ]
    sample = desk.sampled(held_out, trained_on=trained_on)
    assert sample.facts.refused == {}
    assert set(desk.shares(sample)) == set(OUTLETS)


def test_units_judged_before_on_nothing_of_use_leave_room_for_any_class(desk):
    unit_ids = desk.units_of("mole0")
    for unit_id, label in zip(unit_ids[:6], STANCE.classes * 2, strict=True):
        desk.judge([unit_id], "census", label=label)
        desk.judge([unit_id], "census", by="bo", label=STANCE.classes[0])
    desk.judge_draw(desk.draw(Plan.STRATIFIED, 110))
    share = desk.shares(desk.sampled())["Mole"]["skeptical"]
    assert share.high - share.low >= 4 / 60
    assert share.n_labels < 60


def test_copies_that_do_not_count_are_no_part_of_a_share(desk):
    desk.judge_draw(desk.draw(Plan.STRATIFIED, 500))
    sample = desk.sampled()
    without = observe(list(desk.units.values()), BOOK, left_out=frozenset({"mole0", "mole1"}))
    found = desk.shares(sample, without)["Mole"]["skeptical"]
    own = [
        unit
        for unit in desk.units.values()
        if unit.source == "Mole" and unit.unit.article_id not in {"mole0", "mole1"}
    ]
    assert found.n_units == 40
    assert (
        found.low
        == found.high
        == pytest.approx(sum(truth_of(unit) == "skeptical" for unit in own) / 40)
    )


def test_labels_in_copies_that_do_not_count_are_not_counted_among_those_that_correct(desk):
    desk.judge_draw(desk.draw(Plan.STRATIFIED, 500))
    without = observe(list(desk.units.values()), BOOK, left_out=frozenset({"mole0", "mole1"}))
    facts = sampled(desk.folder, without, BOOK).facts
    assert facts.n_labels == sum(facts.designs.values()) == 100
    assert facts.refused == {"in copies, which do not count": 20}


def printed_twice(desk, name="mole0"):
    """Return the units of a desk, of which a Quay article prints one of the Mole's."""
    first = [desk.units[u] for u in desk.units_of(name)]
    copy = classified(
        " ".join(unit.unit.text for unit in first),
        first[0].predictions["stance"].label,
        outlet="Quay",
        name=f"quay-{name}",
        codebook=BOOK,
    )
    return [*desk.units.values(), *copy]


@pytest.mark.parametrize("plan", [Plan.RANDOM, Plan.STRATIFIED])
def test_a_draw_that_left_copies_out_corrects_what_counts_and_says_nothing_of_the_copies(
    desk, plan
):
    units = printed_twice(desk)
    for n in (40, 20):
        desk.judge_draw(desk.draw(plan, n))
    once = observe(units, BOOK, left_out=frozenset({"quay-mole0"}))
    sample = sampled(desk.folder, once, BOOK, copies={"quay-mole0"})
    assert (sample.facts.n_labels, sample.facts.refused) == (60, {})
    assert sample.tasks["stance"].sizes.sum() == 120
    of_once = desk.shares(sample, once)
    assert of_once == desk.shares(desk.sampled())
    printed = observe(units, BOOK)
    sample = sampled(desk.folder, printed, BOOK, copies={"quay-mole0"})
    assert (sample.facts.n_labels, sample.facts.refused) == (60, {})
    names = [unit.unit.article_id for unit in printed.units]
    covered = sample.tasks["stance"].covered
    assert {n for n, known in zip(names, covered, strict=True) if not known} == {"quay-mole0"}
    share = desk.shares(sample, printed)["Quay"]["skeptical"]
    assert share.n_units == 70
    assert share.high - share.low > 10 / 70  # any of its ten units may be of any class
    assert desk.shares(sample, printed)["Mole"] == of_once["Mole"]


def test_a_draw_over_copies_too_and_one_without_them_are_not_one_sample(tmp_path, desk):
    (tmp_path / "both").mkdir()
    whole = Desk(tmp_path / "both", printed_twice(desk))
    first = whole.judge_draw(whole.draw(Plan.RANDOM, 40))
    once = observe(list(whole.units.values()), BOOK, left_out=frozenset({"quay-mole0"}))
    facts = sampled(whole.folder, once, BOOK, copies={"quay-mole0"}).facts
    n_copied = facts.refused.get("in copies, which do not count", 0)
    assert facts.designs == {f"random/{first.id}": 40 - n_copied}
    own = {u: unit for u, unit in whole.units.items() if unit.unit.article_id != "quay-mole0"}
    whole.units = own
    whole.judge_draw(whole.draw(Plan.RANDOM, 10))
    facts = sampled(whole.folder, once, BOOK, copies={"quay-mole0"}).facts
    assert facts.designs == {f"random/{first.id}": 40 - n_copied}
    assert facts.refused["draws that do not join with the one that is used"] == 10


def test_the_command_that_opens_the_page_has_only_options_of_its_own(desk):
    words = ["news", "--register", "r.csv", "--model", "my model", "--copies", "printed"]
    desk.judge(desk.units_of("mole0")[:3], "census")
    assert desk.sampled(paths=words).facts.remedy == (
        "stance label next news --register r.csv --model 'my model' --copies printed "
        f"--folder {desk.folder} --plan stratified -n 300"
    )
    made = desk.judge_draw(desk.draw(Plan.RANDOM, 30), first=20)
    assert desk.sampled(paths=words).facts.remedy == (
        f"stance label serve news --register r.csv --folder {desk.folder} --draw {made.id}"
    )


def other_model(units):
    """The same units, read otherwise by a model that came after the draw."""
    rng = random.Random(4)
    names = list(STANCE.classes)
    return [
        replace(
            unit,
            predictions={
                "stance": replace(
                    unit.predictions["stance"],
                    label=(label := rng.choice(names)),
                    probabilities={name: 0.6 if name == label else 0.2 for name in names},
                )
            },
        )
        for unit in units
    ]


def test_a_sample_stratified_by_one_model_serves_another(tmp_path):
    units = corpus(n_articles=9)
    read_again = other_model(units)
    held, errors = [], []
    for repeat in range(20):
        (folder := tmp_path / str(repeat)).mkdir()
        desk = Desk(folder, units)
        desk.draws = 100 * repeat
        for n in (60, 30):  # two draws over the same strata join by what they wrote down
            made = desk.draw(Plan.STRATIFIED, n)
            desk.log.append([_event(desk, unit, made) for unit in made.units])
        sample = desk.sampled(read_again)
        assert not sample.tasks["stance"].located
        assert sample.facts.n_labels == 90
        for outlet, share in desk.shares(sample).items():
            truth = true_share(desk, outlet)
            held.append(share["skeptical"].low <= truth <= share["skeptical"].high)
            errors.append(share["skeptical"].value - truth)
    assert np.mean(held) >= 0.9  # 40 intervals
    assert abs(np.mean(errors)) < 0.015


def test_a_part_that_predictions_tell_apart_has_shares_of_its_own(desk):
    desk.judge_draw(desk.draw(Plan.RANDOM, 500))
    sample = desk.sampled()
    part = desk.observations.part(desk.observations.codes["stance"] == 0)
    found = desk.shares(sample, part)["Quay"]
    assert found["neutral"].n_units == 20
    own = [
        unit
        for unit in desk.units.values()
        if unit.source == "Quay" and unit.predictions["stance"].label == STANCE.classes[0]
    ]
    assert found["neutral"].value == pytest.approx(
        sum(truth_of(unit) == "neutral" for unit in own) / 20
    )


def test_a_label_that_the_codebook_does_not_know_is_told(desk):
    (event,) = desk.judge(desk.units_of("mole0")[:1], Design.CENSUS.value)
    desk.log.append([replace(event, label="hopeful")])
    desk.judge(desk.units_of("mole0")[1:], "census")
    with pytest.raises(LabelError, match="no stance is called 'hopeful'"):
        desk.sampled()


def test_a_folder_without_a_log_is_told_and_no_folder_says_how_to_begin(desk):
    with pytest.raises(LabelError, match="no such annotation log"):
        desk.sampled()
    facts = without_sample(["news"]).facts
    assert facts.folder is None
    assert facts.remedy == "stance label next news --folder my-labels --plan stratified -n 300"
    observations = observe(list(desk.units.values()), BOOK)
    assert corrected_shares(observations, STANCE, without_sample(["news"])) == {}
