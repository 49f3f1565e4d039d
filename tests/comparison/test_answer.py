from dataclasses import replace

from stance.codebook import read_codebook
from stance.comparison.answer import answer_of
from stance.comparison.result import Corrected, ModelFacts
from tests.report.comparisons import comparison

BOOK = read_codebook()
MODEL = ModelFacts(name="test@0", n_learned=9, held_out={}, confusion={})


def mix_with(*samples):
    """A mix whose outlets have these corrected shares of every label, or None."""
    mix = comparison(n_outlets=len(samples), corrected=False).mixes[0]
    outlets = [
        replace(
            outlet,
            shares={label: replace(s, corrected=sample) for label, s in outlet.shares.items()},
        )
        for outlet, sample in zip(mix.outlets, samples, strict=True)
    ]
    return replace(mix, outlets=tuple(outlets), same_mix_p=0.4)


def share(value, general=(0.1, 0.9)):
    return Corrected(
        value=value,
        low=value - 0.01,
        high=value + 0.01,
        general_low=general[0],
        general_high=general[1],
        n_labels=50,
        n_units=200,
    )


def test_corrected_shares_of_all_outlets_speak_with_limits_that_fit_their_test():
    mix = replace(mix_with(share(0.2), share(0.3)), corrected_p=0.03)
    told = answer_of(mix, MODEL, BOOK)
    assert "by more than chance would give (p = 0.03); corrected by 100 hand labels" in told
    assert "fewest with 20% (at large 10% to 90%)" in told


def test_an_outlet_without_labels_leaves_the_answer_to_the_counted_shares_and_that_is_said():
    told = answer_of(mix_with(share(0.2), None), MODEL, BOOK)
    assert "(p = 0.4); as the model reads them" in told
    assert "(hand labels correct 1 of 2 outlets so far)" in told
    assert told.endswith("so far), and who stands at which end waits for the others.")


def test_labels_of_one_article_cannot_test_outlets_and_the_reason_is_that():
    told = answer_of(mix_with(share(0.2), share(0.3, (None, None))), MODEL, BOOK)
    assert "cannot be tested, with hand labels of a single article in some" in told
    assert "one article each" not in told
    assert "30% (no limits at large: labels in one article)" in told
    assert "no interval" not in told


def test_a_counted_share_of_one_article_has_no_interval_and_the_reason_is_that():
    mix = mix_with(None, None)
    bare = {
        label: replace(s, counted=replace(s.counted, low=None, high=None))
        for label, s in mix.outlets[0].shares.items()
    }
    told = answer_of(
        replace(mix, outlets=(replace(mix.outlets[0], shares=bare), mix.outlets[1])), MODEL, BOOK
    )
    assert "% (no interval: one article)" in told
    assert "at large" not in told


def test_outlets_that_tie_at_an_end_are_named_together():
    mix = mix_with(share(0.2), share(0.2), share(0.3), share(0.3), share(0.3))
    a, b, c, *_ = (outlet.outlet for outlet in mix.outlets)
    told = answer_of(replace(mix, corrected_p=0.4), MODEL, BOOK)
    assert f"fewest with 20% (at large 10% to 90%) in {a} and {b} and most with " in told
    assert f"most with 30% (at large 10% to 90%) in {c} and 2 more." in told
    # Their limits differ: none speaks for both.
    mix = mix_with(share(0.2), share(0.2, (0.15, 0.5)), share(0.3))
    a, b, c = (outlet.outlet for outlet in mix.outlets)
    told = answer_of(replace(mix, corrected_p=0.4), MODEL, BOOK)
    assert f"fewest with 20% in {a} and {b} and most with 30% (at large 10% to 90%) in {c}." in told
