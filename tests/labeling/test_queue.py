from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from stance.errors import LabelError
from stance.labeling.designs import Design, Plan, kind_of
from stance.labeling.queue import Candidate, add_draw, designs_drawn, draw_units, read_draws


def candidates(n=120):
    """Units of twelve articles by three outlets of unequal size; margins rise with the number."""
    return [
        Candidate(
            unit_id=f"a{i % 12}:{i}-{i + 1}",
            article_id=f"a{i % 12}",
            outlet=("Quay", "Quay", "Quay", "Mole", "Mole", "Pier")[i % 6],
            predicted=("neutral", "skeptical")[i % 5 == 0],
            margin=i / n,
        )
        for i in range(n)
    ]


def draw(plan, n=30, seed=7, pool=None):
    return draw_units(pool or candidates(), plan, n, seed=seed, codebook="b@1#1", model="m@1")


def test_a_random_draw_gives_every_unit_the_same_known_chance():
    made = draw(Plan.RANDOM)
    assert len({unit.unit_id for unit in made.units}) == 30
    assert {unit.probability for unit in made.units} == {30 / 120}
    assert (made.population, made.strata[0].size, made.strata[0].drawn) == (120, 120, 30)
    hits = Counter(
        unit.unit_id for seed in range(400) for unit in draw(Plan.RANDOM, seed=seed).units
    )
    # 400 draws at 1/4: each unit 100 times, give or take 8.7.
    assert min(hits.values()) > 60
    assert max(hits.values()) < 140


def test_a_second_draw_by_the_same_seed_is_no_shadow_of_the_first():
    pool = candidates()
    after = Counter()
    for seed in range(60):
        first = {unit.unit_id for unit in draw(Plan.RANDOM, n=20, seed=seed).units}
        left = [c for c in pool if c.unit_id not in first]
        second = {unit.unit_id for unit in draw(Plan.RANDOM, n=20, seed=seed, pool=left).units}
        names = sorted(c.unit_id for c in left)
        after.update(bool(second & set(names[i : i + 1])) for i in range(5))
    # The first five of those that are left are as likely as any other: 20 in 100.
    assert 30 < after[True] < 90


def test_a_stratified_draw_takes_every_outlet_and_predicted_label_by_size_and_says_the_chance():
    made = draw(Plan.STRATIFIED, n=60)
    sizes = Counter(f"{c.outlet} / {c.predicted}" for c in candidates())
    assert {s.name: s.size for s in made.strata} == sizes
    assert sum(s.drawn for s in made.strata) == 60
    for stratum in made.strata:
        drawn = [unit for unit in made.units if unit.stratum == stratum.name]
        assert len(drawn) == stratum.drawn >= 4  # six strata: some of each, the small ones whole
        assert {unit.probability for unit in drawn} == {stratum.drawn / stratum.size}


def test_weights_by_the_chances_count_the_population():
    for plan in (Plan.RANDOM, Plan.STRATIFIED):
        made = draw(plan, n=60)
        assert sum(1 / unit.probability for unit in made.units) == pytest.approx(120)


def test_a_mixed_draw_is_half_a_sample_and_half_doubt_with_one_an_article():
    made = draw(Plan.MIXED, n=24)
    sample = [unit for unit in made.units if unit.design is Design.RANDOM]
    doubt = [unit for unit in made.units if unit.design is Design.UNCERTAIN]
    assert (len(sample), len(doubt)) == (12, 12)
    assert {unit.probability for unit in sample} == {12 / 120}
    assert {unit.probability for unit in doubt} == {None}
    articles = [unit.unit_id.split(":")[0] for unit in doubt]
    assert len(set(articles)) == 12
    margins = {c.unit_id: c.margin for c in candidates()}
    assert max(margins[unit.unit_id] for unit in doubt) < 0.4


def test_a_mixed_draw_picks_first_what_a_model_abstains_on():
    pool = [replace(c, abstained=(c.margin or 0) > 0.8) for c in candidates()]
    draw = draw_units(pool, Plan.MIXED, 12, seed=3, codebook="b", model="m", n_judged_before=0)
    doubt = {u.unit_id for u in draw.units if u.probability is None}
    assert doubt
    assert doubt <= {c.unit_id for c in pool if c.abstained}


def test_what_a_model_abstains_on_goes_before_the_spread_over_articles():
    pool = [replace(c, abstained=c.article_id == "a3") for c in candidates()]
    made = draw_units(pool, Plan.MIXED, 12, seed=3, codebook="b", model="m", n_judged_before=0)
    doubt = [u.unit_id for u in made.units if u.probability is None]
    at_random = [u.unit_id for u in made.units if u.probability is not None]
    n_open = 10 - sum(name.startswith("a3:") for name in at_random)
    assert sum(name.startswith("a3:") for name in doubt) == min(len(doubt), n_open)


def test_the_same_seed_draws_the_same_whatever_order_the_units_come_in():
    one, other = draw(Plan.MIXED), draw(Plan.MIXED, pool=candidates()[::-1])
    assert (one.id, one.units) == (other.id, other.units)
    assert draw(Plan.MIXED, seed=8).id != one.id


def test_more_than_there_is_draws_all_and_nothing_left_is_told():
    assert len(draw(Plan.STRATIFIED, n=500).units) == 120
    with pytest.raises(LabelError, match="judged already"):
        draw_units([], Plan.RANDOM, 5, seed=1, codebook="b@1#1")


def test_a_draw_by_predictions_needs_predictions():
    bare = [replace(c, predicted=None, margin=None) for c in candidates()]
    assert draw(Plan.RANDOM, pool=bare).units
    with pytest.raises(LabelError, match="give --model"):
        draw(Plan.MIXED, pool=bare)


def test_draws_survive_their_file_and_one_is_written_once(tmp_path):
    path = tmp_path / "draws.jsonl"
    made = [draw(Plan.MIXED), draw(Plan.STRATIFIED)]
    for each in [*made, made[0]]:
        add_draw(path, each)
    assert list(read_draws(path).values()) == made
    assert kind_of(made[1].design_of(made[1].units[0])) is Design.STRATIFIED


def test_draws_made_at_one_time_are_all_kept(tmp_path):
    path = tmp_path / "draws.jsonl"
    made = [draw(Plan.RANDOM, seed=seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: add_draw(path, each), made))
    assert set(read_draws(path)) == {each.id for each in made}


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"plan": "random", "strata": 3, "units": []}'])
def test_what_is_no_draw_is_told_with_its_line(tmp_path, line):
    path = tmp_path / "draws.jsonl"
    add_draw(path, draw(Plan.RANDOM))
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(LabelError, match=r"draws\.jsonl:2: not a draw"):
        read_draws(path)


def test_the_design_of_a_drawn_unit_is_known_where_one_draw_alone_holds_it():
    first, second = draw(Plan.RANDOM, n=10), draw(Plan.RANDOM, n=30)
    other = replace(second, id="other", codebook="c@1#1")
    once = {u.unit_id for u in second.units} - {u.unit_id for u in first.units}
    assert len(once) == 20  # by one seed, the shorter draw begins the longer
    found = designs_drawn([first, second, other], "b@1#1")
    assert found == dict.fromkeys(once, f"random/{second.id}")
