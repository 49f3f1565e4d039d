import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stance.errors import DataError
from stance.statistics.intervals import clustered_share
from stance.statistics.prevalence import corrected_shares, error_band, share_difference
from stance.statistics.sampling import allocate

N, PER_ARTICLE = 600, 20
ARTICLE = np.arange(N) // PER_ARTICLE


def outlet(rng, shares, *, shift=0.0, evidence=1.2):
    """Units in articles, of a true class, and a model that takes a part of class 0 for class 1."""
    leaning = rng.dirichlet(np.array(shares) * 20, size=N // PER_ARTICLE)
    truth = (rng.random((N, 1)) > leaning.cumsum(axis=1)[ARTICLE, :-1]).sum(axis=1)
    signs = rng.normal(size=(N, len(shares))) + 0.7 * np.log(shares)
    signs[np.arange(N), truth] += evidence
    signs[(truth == 0) & (rng.random(N) < shift), 1] += 2
    probabilities = np.exp(evidence * signs)
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True)


def estimate(truth, probabilities, units, stratum=None, **options):
    """Corrected shares from the labels of some units, by default a plain random sample."""
    stratum = np.zeros(len(truth), dtype=int) if stratum is None else stratum
    labels, own = np.full(len(truth), -1), np.full(len(truth), -1)
    labels[units], own[units] = truth[units], stratum[units]
    arguments = {
        "certain": np.zeros(len(truth), dtype=bool),
        "stratum": own,
        "sizes": np.bincount(stratum).astype(float),
        "article": np.arange(len(truth)) // PER_ARTICLE,
        **options,
    }
    return corrected_shares(probabilities.argmax(axis=1), probabilities, labels, **arguments)


def stratified(predicted, n, rng):
    counts = allocate(np.bincount(predicted).tolist(), n, least=8)
    return np.concatenate(
        [
            rng.choice(np.flatnonzero(predicted == k), count, replace=False)
            for k, count in enumerate(counts)
        ]
    )


def two_predicted_classes():
    """60 units read as class 0, 8 of 10 labels say so; 40 as class 1, 7 of 10 labels say so."""
    truth = np.repeat([0, 1, 0, 1], [48, 12, 12, 28])
    probabilities = np.repeat([[0.9, 0.1], [0.2, 0.8]], [60, 40], axis=0)
    units = np.r_[0:8, 48:50, 60:63, 72:79]
    return truth, probabilities, units


def test_a_stratified_estimate_is_the_one_that_a_hand_computes():
    truth, probabilities, units = two_predicted_classes()
    found = estimate(truth, probabilities, units, stratum=probabilities.argmax(axis=1))
    share = 0.6 * 0.8 + 0.4 * 0.3
    assert found.value == pytest.approx([share, 1 - share])
    # The strata's variances with half a label more on each side, and what was not labeled of each.
    p, q = 8.5 / 11, 3.5 / 11
    parts = [
        0.6**2 * p * (1 - p) / 10 * (1 - 10 / 60),
        0.4**2 * q * (1 - q) / 10 * (1 - 10 / 40),
    ]
    variance = sum(parts)
    t = stats.t.ppf(0.975, variance**2 / sum(part**2 / 9 for part in parts))
    # A Wilson limit is where the distance is t errors, the error being that of the limit itself.
    scale = variance / ((smooth := 0.6 * p + 0.4 * q) * (1 - smooth))
    for limit in (found.low[0], found.high[0]):
        assert abs(share - limit) == pytest.approx(t * np.sqrt(limit * (1 - limit) * scale))


def test_the_slope_is_that_of_a_regression_on_predicted_classes_and_probability():
    rng = np.random.default_rng(3)
    truth, probabilities = outlet(rng, (0.4, 0.6))
    probabilities = probabilities**4 / (probabilities**4).sum(axis=1, keepdims=True)  # too sure
    units = rng.choice(N, 120, replace=False)
    predicted = probabilities.argmax(axis=1)
    columns = np.c_[predicted == 0, predicted == 1, probabilities[:, 0]].astype(float)
    coefficients = np.linalg.lstsq(columns[units], (truth[units] == 0).astype(float))[0]
    assert 0 < coefficients[2] < 1
    found = estimate(truth, probabilities, units)
    assert found.value[0] == pytest.approx((columns @ coefficients).mean())


def test_without_a_model_it_is_the_mean_of_the_labels_with_textbook_limits():
    rng = np.random.default_rng(4)
    truth, _ = outlet(rng, (0.3, 0.7))
    units = rng.choice(N, 50, replace=False)
    found = estimate(truth, np.full((N, 2), 0.5), units)
    assert found.value[0] == pytest.approx((truth[units] == 0).mean())
    wilson = stats.binomtest(int((truth[units] == 0).sum()), 50).proportion_ci(method="wilson")
    # t for z and half a label more widen it, the finite population narrows it.
    assert (found.low[0], found.high[0]) == pytest.approx((wilson.low, wilson.high), abs=0.01)


def test_when_everything_is_labeled_the_answer_is_exact():
    truth, probabilities = outlet(np.random.default_rng(5), (0.05, 0.7, 0.25), shift=0.5)
    shares = np.bincount(truth) / N
    predicted = probabilities.argmax(axis=1)
    for stratum in (None, predicted):
        found = estimate(truth, probabilities, np.arange(N), stratum)
        for part in (found.value, found.low, found.high):
            assert part == pytest.approx(shares)
    certain = np.ones(N, dtype=bool)
    found = corrected_shares(
        predicted,
        probabilities,
        truth,
        certain=certain,
        stratum=np.full(N, -1),
        sizes=np.array([]),
        article=ARTICLE,
    )
    assert found.low == pytest.approx(shares)
    assert found.high == pytest.approx(shares)
    assert (found.general_low < shares).all()
    assert (found.general_high > shares).all()


def test_what_is_certain_stands_for_itself_and_leaves_less_to_doubt():
    rng = np.random.default_rng(6)
    truth, probabilities = outlet(rng, (0.25, 0.5, 0.25))
    certain = np.arange(N) < 400
    units = 400 + rng.choice(200, 40, replace=False)
    labels = np.where(certain, truth, -1)
    labels[units] = truth[units]
    stratum = np.full(N, -1)
    stratum[units] = 0
    found = corrected_shares(
        probabilities.argmax(axis=1),
        probabilities,
        labels,
        certain=certain,
        stratum=stratum,
        sizes=np.array([200.0]),
        article=ARTICLE,
    )
    rest = estimate(truth[400:], probabilities[400:], units - 400)
    known = np.bincount(truth[:400], minlength=3)
    for whole, part in ((found.value, rest.value), (found.low, rest.low), (found.high, rest.high)):
        assert whole == pytest.approx((known + 200 * part) / N)


def coverage(shares, n, *, shift, draw, repeats=200, seed=1):
    """How often limits held the truth in this corpus and at large, and the model's count did."""
    rng = np.random.default_rng(seed)
    held, counted, errors = [], [], []
    for _ in range(repeats):
        truth, probabilities = outlet(rng, shares, shift=shift)
        share, predicted = (truth == 0).mean(), probabilities.argmax(axis=1)
        if draw == "stratified":
            found = estimate(truth, probabilities, stratified(predicted, n, rng), predicted)
        else:
            found = estimate(truth, probabilities, rng.choice(N, n, replace=False))
        held.append(
            (
                found.low[0] <= share <= found.high[0],
                found.general_low[0] <= shares[0] <= found.general_high[0],
            )
        )
        said = (predicted == 0).mean()
        counted.append(abs(said - share) <= 1.96 * np.sqrt(said * (1 - said) / N))
        errors.append(found.value[0] - share)
    return np.mean(held, axis=0), np.mean(counted), np.mean(errors)


@pytest.mark.parametrize("draw", ["stratified", "random"])
@pytest.mark.parametrize(("shares", "n"), [((0.05, 0.7, 0.25), 50), ((0.25, 0.5, 0.25), 100)])
def test_limits_hold_the_truth_where_the_model_errs_otherwise_and_counting_does_not(
    shares, n, draw
):
    (corpus, general), counted, bias = coverage(shares, n, shift=0.6, draw=draw)
    # 200 outlets at 0.95: a standard error of 0.0154.
    assert 0.91 <= corpus <= 0.99
    assert general >= 0.905
    assert abs(bias) < 0.006
    assert counted < 0.5


def test_few_labels_that_a_good_model_meets_by_luck_leave_doubt():
    rng = np.random.default_rng(7)
    held = []
    for _ in range(200):
        truth, probabilities = outlet(rng, (0.25, 0.5, 0.25), evidence=3)
        predicted = probabilities.argmax(axis=1)
        for n in (10, 20):
            found = estimate(truth, probabilities, stratified(predicted, n, rng), predicted)
            held.append(found.low[0] <= (truth == 0).mean() <= found.high[0])
    assert np.mean(held) >= 0.93


def test_labels_and_model_together_are_worth_more_labels_than_there_are():
    rng = np.random.default_rng(8)
    errors = []
    for _ in range(200):
        truth, probabilities = outlet(rng, (0.25, 0.5, 0.25))
        found = estimate(truth, probabilities, units := rng.choice(N, 100, replace=False))
        share = (truth == 0).mean()
        errors.append((found.value[0] - share, (truth[units] == 0).mean() - share))
    ours, alone = np.var(errors, axis=0)
    assert alone / ours > 1.2


def test_shares_and_pseudo_outcomes_add_up_and_a_model_that_is_all_wrong_does_no_harm():
    rng = np.random.default_rng(9)
    truth, _ = outlet(rng, (0.25, 0.5, 0.25))
    errors = []
    for _ in range(200):
        probabilities = rng.dirichlet((1, 1, 1), size=N)
        found = estimate(truth, probabilities, rng.choice(N, 60, replace=False))
        assert found.value.sum() == pytest.approx(1)
        assert found.pseudo_outcomes.mean(axis=0) == pytest.approx(found.value)
        errors.append(found.value - np.bincount(truth) / N)
    assert np.abs(np.mean(errors, axis=0)).max() < 0.012


def test_a_regression_on_pseudo_outcomes_finds_what_a_model_hides():
    """Two halves of an outlet differ by 0.2 in class 0; the model misses it in one of them."""
    rng = np.random.default_rng(10)
    late = np.arange(N) >= N // 2
    ours, naive = [], []
    for _ in range(200):
        truth = (rng.random(N) > np.where(late, 0.5, 0.3)).astype(int)
        said = np.where(late & (truth == 0), rng.random(N) < 0.4, truth == 0)
        probabilities = np.where(said[:, None], [0.8, 0.2], [0.2, 0.8])
        found = estimate(truth, probabilities, rng.choice(N, 200, replace=False))
        d = found.pseudo_outcomes[:, 0]
        real = (truth[late] == 0).mean() - (truth[~late] == 0).mean()
        ours.append(d[late].mean() - d[~late].mean() - real)
        naive.append(said[late].mean() - said[~late].mean() - real)
    assert abs(np.mean(ours)) < 0.02
    assert np.mean(naive) < -0.25


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 40),
    n_classes=st.integers(2, 5),
    one_class=st.booleans(),
)
def test_limits_are_shares_in_order_whatever_the_labels(seed, n, n_classes, one_class):
    rng = np.random.default_rng(seed)
    truth = np.zeros(60, dtype=int) if one_class else rng.integers(0, n_classes, 60)
    probabilities = rng.dirichlet(np.full(n_classes, 0.3), size=60)
    found = estimate(truth, probabilities, rng.choice(60, n, replace=False))
    for low, high in ((found.low, found.high), (found.general_low, found.general_high)):
        if low is not None:
            assert (low >= 0).all()
            assert (low <= found.value + 1e-12).all()
            assert (found.value <= high + 1e-12).all()
            assert (high <= 1).all()
    labeled = found.high - found.low
    assert (labeled > 0).all()


def test_one_labeled_article_says_nothing_of_the_outlet_at_large():
    truth, probabilities = outlet(np.random.default_rng(11), (0.5, 0.5))
    found = estimate(truth, probabilities, np.arange(10))
    assert found.general_low is None
    assert found.general_high is None


def test_labels_that_end_their_strata_say_nothing_of_the_others():
    truth, probabilities = outlet(np.random.default_rng(3), (0.5, 0.5))
    stratum = (np.arange(N) >= 3).astype(int)
    with pytest.raises(DataError, match="two drawn labels"):
        estimate(truth, probabilities, np.arange(3), stratum)
    found = estimate(truth, probabilities, np.arange(5), stratum)
    assert np.isfinite(found.value).all()


@pytest.mark.parametrize(
    ("units", "options", "what"),
    [
        ([3], {}, "two drawn labels"),
        ([3, 4, 5], {"sizes": np.array([2.0])}, "fewer units than labels"),
        ([3, 4], {"certain": np.arange(N) < 2}, "has no label"),
        ([3, 4], {"article": np.arange(3)}, "one entry a unit"),
    ],
)
def test_what_cannot_carry_an_estimate_is_refused(units, options, what):
    truth, probabilities = outlet(np.random.default_rng(12), (0.5, 0.5))
    with pytest.raises(DataError, match=what):
        estimate(truth, probabilities, np.array(units), **options)


def test_a_difference_has_the_limits_that_newcombe_published():
    # Newcombe (1998), table II: 56 of 70 against 48 of 80, method 10.
    left, right = stats.binomtest(56, 70), stats.binomtest(48, 80)
    intervals = [(test.statistic, *test.proportion_ci(method="wilson")) for test in (left, right)]
    assert share_difference(*intervals) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert share_difference((1, 0.9, 1), (0, 0, 0.1))[2] == 1


def test_a_band_holds_the_truth_where_the_model_errs_as_on_held_out_outlets():
    rng = np.random.default_rng(13)
    errors = np.array([[0.7, 0.2, 0.1], [0.15, 0.8, 0.05], [0.1, 0.3, 0.6]])
    held = []
    for i in range(200):
        confusion = np.array(
            [rng.multinomial(n, row) for n, row in zip((90, 200, 80), errors, strict=True)]
        )
        true = rng.multinomial(400, rng.dirichlet((4, 6, 4)))
        counts = sum(rng.multinomial(n, row) for n, row in zip(true, errors, strict=True))
        low, high = error_band(counts, confusion, seed=i, n_resamples=400)
        assert ((low >= 0) & (low <= high) & (high <= 1)).all()
        held.append((low <= true / 400) & (true / 400 <= high))
    assert np.mean(held) > 0.93


def test_a_band_is_the_hull_of_both_answers_and_thin_where_the_model_never_erred():
    confusion = np.array([[700, 300], [100, 900]]) * 1000
    counts = np.array([300_000, 700_000])
    low, high = error_band(counts, confusion, seed=1)
    same_mix = 0.3 * 700 / 800 + 0.7 * 300 / 1200
    solved = (0.3 - 0.1) / (0.7 - 0.1)
    assert (low[0], high[0]) == pytest.approx(sorted((same_mix, solved)), abs=0.01)
    low, high = error_band(counts, np.eye(2) * 10**6, seed=1)
    assert (low, high) == (pytest.approx([0.3, 0.7], abs=0.002),) * 2


def test_a_band_without_units_or_errors_to_go_by_is_refused():
    for counts, confusion in (([0, 0], np.eye(2)), ([1, 2], np.zeros((2, 2))), ([1], np.eye(2))):
        with pytest.raises(DataError, match="a band needs"):
            error_band(np.array(counts), confusion, seed=1)


def test_articles_that_are_alike_by_chance_make_no_outlet_worth_more_than_its_units():
    hits, n = (10, 10, 11), 30
    truth = np.concatenate([[0] * k + [1] * (n - k) for k in hits])
    found = corrected_shares(
        truth,
        np.eye(2)[truth],
        truth,
        certain=np.ones(90, dtype=bool),
        stratum=np.full(90, -1),
        sizes=np.zeros(1),
        article=np.repeat(np.arange(3), n),
    )
    counted = clustered_share(np.array(hits, dtype=float), np.full(3, 30.0))
    assert found.low[0] == found.high[0] == pytest.approx(31 / 90)  # of these units all is known
    assert found.general_low[0] == pytest.approx(counted.low)
    assert found.general_high[0] == pytest.approx(counted.high)
