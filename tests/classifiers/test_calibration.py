import json
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import softmax

from stance.classifiers.calibration import (
    Calibration,
    ConformalTask,
    TaskCalibration,
    abstained,
    apply_temperature,
    calibrate,
    coverage,
    fit_conformal,
    fit_temperature,
    from_data,
    prediction_sets,
    to_data,
)
from stance.errors import DataError, ModelError
from stance.statistics.scores import calibration_error

CLASSES = {"stance": ("optimistic", "neutral", "skeptical"), "voice": ("author", "attributed")}


def loss(probabilities, truth):
    return -np.log(probabilities[np.arange(len(truth)), truth]).mean()


def drawn(rng, honest):
    """Return a true class for each row of honest probabilities."""
    return (rng.random((len(honest), 1)) > honest.cumsum(axis=1)[:, :-1]).sum(axis=1)


def conformal_of(*by_class):
    """Return what is kept of units that have these probabilities of their true class."""
    truth = np.repeat(np.arange(len(by_class)), [len(values) for values in by_class])
    rows = np.tile(np.concatenate(by_class)[:, None], (1, len(by_class)))
    return fit_conformal(rows, truth)


def threshold(conformal, alpha, *, resolution=10_000):
    """Return the least probability, on a grid, with which the first label is in the set."""
    grid = np.arange(resolution + 1) / resolution
    rows = np.tile(grid[:, None], (1, len(conformal.points)))
    return grid[prediction_sets(rows, conformal, alpha)[:, 0]].min()


def rows_of(n_classes):
    """Draw rows that sum to 1, zeros and ones among them."""
    weights = st.lists(
        st.sampled_from([0.0, 1e-9, 1e-3, 0.2, 0.5, 1.0]) | st.floats(0, 1),
        min_size=n_classes,
        max_size=n_classes,
    ).filter(lambda row: sum(row) > 1e-3)
    return st.lists(weights, min_size=1, max_size=12).map(
        lambda rows: np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    )


# ------------------------------------------------------------------------------------ temperature


@pytest.mark.parametrize("temperature", [0.4, 1.0, 1.7, 2.5])
def test_the_temperature_that_made_a_model_too_sure_is_found_again(temperature):
    rng = np.random.default_rng(5)
    scores = rng.normal(0, 1.5, (20_000, 3))
    truth = drawn(rng, softmax(scores, axis=1))
    boastful = softmax(scores * temperature, axis=1)
    assert fit_temperature(boastful, truth) == pytest.approx(temperature, rel=0.04)
    calm = apply_temperature(boastful, fit_temperature(boastful, truth))
    assert calibration_error(calm, truth) < 0.015
    if temperature > 2:
        assert calibration_error(boastful, truth) > 0.1


def test_two_classes_have_a_temperature_that_can_be_worked_out_by_hand():
    # Nine tenths sure and right in three of four: p^(1/T) must be .75, so 9^(1/T) = 3 and T = 2.
    rows = np.tile([0.9, 0.1], (4, 1))
    truth = np.array([0, 0, 1, 0])
    assert fit_temperature(rows, truth) == pytest.approx(2, abs=2e-3)
    assert apply_temperature(rows, 2.0)[0] == pytest.approx([0.75, 0.25])


@given(data=st.data())
def test_no_temperature_on_a_grid_beats_the_one_that_is_found(data):
    rows = data.draw(rows_of(3))
    codes = st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))
    truth = np.array(data.draw(codes))
    temperature = fit_temperature(rows, truth)
    assert 0.25 <= temperature <= 20
    best = loss(apply_temperature(rows, temperature), truth)
    for other in (*np.geomspace(0.25, 20, 60), 1.0):
        assert best <= loss(apply_temperature(rows, other), truth) + 1e-4


@given(rows=rows_of(3), temperature=st.floats(0.25, 20))
def test_what_is_likeliest_stays_so_at_every_temperature(rows, temperature):
    first, second = np.sort(rows, axis=1)[:, :-3:-1].T
    assume((first - second > 1e-9).all())  # a tie may fall either way by rounding
    calibrated = apply_temperature(rows, temperature)
    assert (calibrated.argmax(axis=1) == rows.argmax(axis=1)).all()
    assert np.allclose(calibrated.sum(axis=1), 1)
    assert (calibrated >= 0).all()


def test_whole_guesses_can_be_made_honest():
    # A lexicon is always sure of one of three and right in six of ten: 1 to a millionth at T, so
    # that each of the others gets two tenths, (1e-6)^(1/T) = 1/3.
    rows = np.tile([1.0, 0.0, 0.0], (10, 1))
    truth = np.array([0] * 6 + [1] * 2 + [2] * 2)
    temperature = fit_temperature(rows, truth)
    assert temperature == pytest.approx(math.log(1e6) / math.log(3), abs=1e-2)
    assert apply_temperature(rows, temperature)[0] == pytest.approx([0.6, 0.2, 0.2], abs=1e-3)


def test_extremes_end_at_the_bounds_and_rows_that_say_nothing_stay_as_they_are():
    sure = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1]])
    assert fit_temperature(sure, np.array([0, 1])) == pytest.approx(0.25, abs=1e-3)
    assert fit_temperature(sure, np.array([2, 2])) == pytest.approx(20, abs=1e-2)
    assert fit_temperature(np.full((4, 3), 1 / 3), np.array([0, 1, 1, 2])) == 1
    assert fit_temperature(sure[:1], np.array([0])) == pytest.approx(0.25, abs=1e-3)


def test_a_temperature_wants_a_label_for_each_prediction():
    with pytest.raises(DataError, match="0 predictions for 0 labels"):
        fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=int))
    with pytest.raises(DataError, match="2 predictions for 1 labels"):
        fit_temperature(np.full((2, 2), 0.5), np.array([0]))


# -------------------------------------------------------------------------------- sets of labels


@pytest.mark.parametrize(
    ("n", "alpha", "rank"),
    [
        (18, 0.05, 0),  # one in twenty of nineteen: no unit may be missed
        (19, 0.05, 1),
        (38, 0.05, 1),
        (39, 0.05, 2),
        (98, 0.01, 0),
        (99, 0.01, 1),
        (9, 0.1, 1),
        (19, 1 - 0.9, 2),  # a little less than 0.1 in binary
        (99, 0.29, 29),  # 0.29 * 100 is a little less than 29
        (50, 0.2, 10),
        (199, 0.05, 10),
        (5, 0.9999, 5),
    ],
)
def test_the_threshold_is_the_unit_of_the_exact_rank(n, alpha, rank):
    ranks = np.random.default_rng(n).permutation(n) + 1
    conformal = conformal_of(ranks / 1000, np.array([0.5]))
    assert threshold(conformal, alpha) == pytest.approx(rank / 1000)


@pytest.mark.parametrize("n", [200, 201, 399, 1000, 12_345])
def test_of_many_units_few_are_kept_and_thresholds_are_exact_or_a_little_lower(n):
    conformal = conformal_of((np.arange(n) + 1) / (n + 1), np.array([0.5]))
    assert len(conformal.points[0]) == 199
    for alpha in (0.005, 0.01, 0.05, 0.1, 0.2, 0.5):
        exact = math.floor(alpha * (n + 1) + 1e-9) / (n + 1)
        assert threshold(conformal, alpha) == pytest.approx(exact, abs=1e-4)
    for alpha in (0.0123, 0.0999, 0.234):
        assert alpha - 0.0051 - 1 / n < threshold(conformal, alpha) <= alpha + 1e-4


@given(
    values=st.lists(st.floats(0, 1), max_size=450),
    alpha=st.floats(0.001, 0.999),
)
def test_a_threshold_is_never_above_the_unit_of_its_rank(values, alpha):
    conformal = conformal_of(np.array(values, dtype=float), np.array([0.5]))
    rank = math.floor(alpha * (len(values) + 1) + 1e-9)
    above = sorted(values)[min(rank, len(values)) - 1] if rank and values else 0.0
    rows = np.array([[above, 0.5]])
    assert prediction_sets(rows, conformal, alpha)[0, 0]
    assert len(conformal.points[0]) == min(len(values), 199)


@given(
    rows=rows_of(3),
    values=st.lists(st.floats(0, 1), min_size=1, max_size=40),
    alphas=st.tuples(st.floats(0.001, 0.999), st.floats(0.001, 0.999)),
)
def test_a_set_never_grows_as_more_may_be_missed(rows, values, alphas):
    conformal = conformal_of(np.array(values), np.array(values[:5]), np.array([]))
    wide, narrow = (prediction_sets(rows, conformal, alpha) for alpha in sorted(alphas))
    assert (wide | ~narrow).all()
    assert narrow[:, 2].all()  # a label of which nothing is known can be denied to no unit


def test_each_label_is_covered_as_theory_says_to_the_unit():
    # Among n + 1 units in random order, the new one falls below rank r with chance r / (n + 1):
    # neither 1 - alpha of all labels pooled, nor "at least" by luck. Tolerance: 4 standard errors
    # of n_rounds draws of a beta variable, and of as many times n_new units.
    rng = np.random.default_rng(11)
    n_rounds, n_new = 500, 300
    for n in (19, 50, 200):
        kept = {0.05: [], 0.1: [], 0.2: []}
        for _ in range(n_rounds):
            truth = np.repeat([0, 1, 2], n + n_new)
            # Three labels that the model knows unequally well.
            scores = rng.normal(0, 1, (len(truth), 3))
            scores[np.arange(len(truth)), truth] += np.array([3.0, 1.0, 0.0])[truth]
            rows = softmax(scores, axis=1)
            held_out = np.tile(np.arange(n + n_new) < n, 3)
            conformal = fit_conformal(rows[held_out], truth[held_out])
            for alpha, shares in kept.items():
                sets = prediction_sets(rows[~held_out], conformal, alpha)
                shares.append(coverage(sets, truth[~held_out]))
        for alpha, shares in kept.items():
            # With 200 units 199 points are kept, at ranks j * 201 // 200 = j.
            rank = math.floor(alpha * (min(n, 199) + 1) + 1e-9)
            missed = rank / (n + 1)
            variance = missed * (1 - missed) / (n + 2) + missed * (1 - missed) / n_new
            tolerance = 4 * math.sqrt(variance / n_rounds)
            assert np.mean(shares, axis=0) == pytest.approx(1 - missed, abs=tolerance)
            assert (np.mean(shares, axis=0) > 1 - alpha - tolerance).all()


def test_all_is_open_but_a_likeliest_label_that_is_alone_in_its_set():
    sets = np.array([[True, False], [True, True], [False, False], [False, True], [False, True]])
    rows = np.array([[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    # Of the last one the likeliest label is ruled out, and must not be told.
    assert abstained(sets, rows).tolist() == [False, True, True, False, True]


def test_coverage_is_told_by_class_and_nan_for_a_class_without_units():
    sets = np.array([[True, False, True], [False, True, False], [False, True, False]])
    by_class = coverage(sets, np.array([0, 0, 1]))
    assert by_class[:2].tolist() == [0.5, 1]
    assert np.isnan(by_class[2])


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 5, math.nan])
def test_an_alpha_that_is_no_share_is_refused(alpha):
    with pytest.raises(DataError, match="above 0 and below 1"):
        prediction_sets(np.full((1, 2), 0.5), conformal_of([0.5], [0.5]), alpha)


def test_thresholds_for_another_number_of_classes_are_refused():
    with pytest.raises(DataError, match="3 classes, but thresholds for 2"):
        prediction_sets(np.full((1, 3), 1 / 3), conformal_of([0.5], [0.5]), 0.1)


# ---------------------------------------------------------------------------- tasks, and the file


def made():
    rng = np.random.default_rng(3)
    rows = {task: rng.dirichlet(np.ones(len(names)), 300) for task, names in CLASSES.items()}
    codes = {task: drawn(rng, table) for task, table in rows.items()}
    codes["voice"][::3] = -1
    return rows, codes


def test_units_without_a_label_of_a_task_teach_it_nothing():
    rows, codes = made()
    calibration = calibrate(rows, codes)
    judged = codes["voice"] >= 0
    alone = calibrate({"voice": rows["voice"][judged]}, {"voice": codes["voice"][judged]})
    assert calibration.tasks["voice"] == alone.tasks["voice"]
    n_points = [len(points) for points in calibration.tasks["voice"].conformal.points]
    assert n_points == np.bincount(codes["voice"][judged]).tolist()


def test_the_points_are_at_the_tasks_temperature():
    rows, codes = made()
    boastful = {
        task: table**4 / (table**4).sum(axis=1, keepdims=True) for task, table in rows.items()
    }
    calibration = calibrate(boastful, codes)
    for task, table in boastful.items():
        of_task, known = calibration.tasks[task], codes[task] >= 0
        assert 2.5 < of_task.temperature < 6
        calm = apply_temperature(table[known], of_task.temperature)
        sets = prediction_sets(calm, of_task.conformal, 0.1)
        # On the very units that they come from, all but those below the rank are covered.
        sizes = np.bincount(codes[task][known])
        expected = 1 - (np.floor(0.1 * (sizes + 1)) - 1) / sizes
        assert coverage(sets, codes[task][known]) == pytest.approx(expected)


def test_a_calibration_survives_json():
    calibration = calibrate(*made())
    text = json.dumps(to_data(calibration), allow_nan=False)
    assert from_data(json.loads(text), CLASSES) == calibration


temperatures = st.floats(0.25, 20)
points = st.lists(st.floats(0, 1), max_size=199).map(lambda values: tuple(sorted(values)))


@given(temperature=temperatures, by_class=st.tuples(points, points))
def test_any_calibration_survives_json(temperature, by_class):
    calibration = Calibration(
        tasks={
            "voice": TaskCalibration(
                temperature=temperature, conformal=ConformalTask(points=by_class)
            )
        }
    )
    again = from_data(json.loads(json.dumps(to_data(calibration))), {"voice": CLASSES["voice"]})
    assert again == calibration


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature": "warm"}, "temperature is no number from 0.25 to 20"),
        ({"temperature": True}, "temperature is no number"),
        ({"temperature": math.nan}, "temperature is no number"),
        ({"temperature": 0}, "temperature is no number"),
        ({"temperature": 10**400}, "temperature is no number"),
        ({"points": [[0.1, 0.2]]}, "points for 2 classes"),
        ({"points": [[0.1], [0.2], [0.3]]}, "points for 2 classes"),
        ({"points": {"author": [0.1]}}, "points for 2 classes"),
        ({"points": [[0.1], 0.2]}, "numbers from 0 to 1"),
        ({"points": [[0.1], ["0.2"]]}, "numbers from 0 to 1"),
        ({"points": [[0.1], [math.nan]]}, "numbers from 0 to 1"),
        ({"points": [[0.1], [None]]}, "numbers from 0 to 1"),
        ({"points": [[0.1], [1.5]]}, "numbers from 0 to 1"),
        ({"points": [[0.2, 0.1], [0.2]]}, "ascending order"),
        ({"points": [[0.1] * 200, [0.2]]}, "up to 199 numbers"),
        ({"note": "hello"}, "nothing else"),
    ],
)
def test_nonsense_in_the_file_is_told_in_words(change, words):
    data = {"voice": {"temperature": 1.2, "points": [[0.1, 0.2], [0.2]]}}
    classes = {"voice": CLASSES["voice"]}
    assert from_data(data, classes).tasks["voice"].temperature == 1.2
    data["voice"] |= change
    with pytest.raises(ModelError, match=f"calibration of voice: .*{words}"):
        from_data(data, classes)


@pytest.mark.parametrize("data", [None, [], "stance", {}, {"stance": {}, "tone": {}}, {"voice": 1}])
def test_a_file_of_another_shape_or_of_other_tasks_is_told_in_words(data):
    with pytest.raises(ModelError, match="calibration"):
        from_data(data, CLASSES)
    with pytest.raises(ModelError, match="calibration of voice: wants a temperature and points"):
        from_data({"voice": []}, {"voice": CLASSES["voice"]})
