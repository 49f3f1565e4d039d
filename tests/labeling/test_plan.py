from collections import Counter

import numpy as np
import pytest

from stance.labeling.designs import Plan
from stance.labeling.plan import DrawPlan, OutletPlan, plan_draw, plan_labels
from stance.labeling.queue import Candidate, draw_units

LABELS = ("optimistic", "neutral", "skeptical")
CONFUSION = np.array([[60, 30, 10], [20, 150, 20], [10, 30, 70]])
PREDICTED = {
    "Mole": {"optimistic": 600, "neutral": 2600, "skeptical": 800},
    "Quay": {"optimistic": 60, "neutral": 260, "skeptical": 80},
}


def test_a_draw_of_the_planned_size_gives_the_small_outlet_its_number_too():
    plans = plan_labels(PREDICTED, LABELS, 0.05, confusion=CONFUSION)
    assert [plan.stratified for plan in plans] == [275, 170]
    planned = plan_draw(plans)
    assert planned == DrawPlan(n_units=4400, random=2156, stratified=1870)
    pool = [
        Candidate(
            unit_id=f"{outlet}{label}:{i}-{i + 1}",
            article_id=f"{outlet}{label}",
            outlet=outlet,
            predicted=label,
            margin=0.5,
        )
        for outlet, counts in PREDICTED.items()
        for label, n in counts.items()
        for i in range(n)
    ]
    made = draw_units(pool, Plan.STRATIFIED, planned.stratified, seed=7, codebook="b@1#1")
    drawn = Counter(unit.unit_id[:4] for unit in made.units)
    assert all(drawn[plan.outlet] >= plan.stratified for plan in plans)


@pytest.mark.parametrize(("n", "expected"), [(10, 30), (11, 33), (0, 0)])
def test_one_outlet_alone_needs_what_it_needs_and_a_part_of_a_unit_is_a_unit(n, expected):
    one = OutletPlan(outlet="Quay", n_units=20, random=n, stratified=None)
    assert plan_draw([one]) == DrawPlan(n_units=20, random=n, stratified=None)
    other = OutletPlan(outlet="Mole", n_units=40, random=0, stratified=None)
    assert plan_draw([one, other]).random == expected
    third = OutletPlan(outlet="Pier", n_units=1, random=0, stratified=None)
    assert plan_draw([one, other, third]).random == -(-n * 61 // 20)


def test_no_outlet_needs_nothing():
    assert plan_draw([]) == DrawPlan(n_units=0, random=0, stratified=None)
