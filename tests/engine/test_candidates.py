from stance.corpus.units import split_units
from stance.engine.candidates import copies_of_others
from tests.builders import article

STORY = "The ferry sails at dawn from the old pier. Captains doubt it, and the harbour is full."


def test_the_copies_that_a_comparison_leaves_out_are_known_and_empty_articles_are_none():
    articles = [
        article(STORY, name="b"),
        article(STORY, name="a"),
        article("Rents rise in the north of the city.", name="c"),
        article("", name="d"),
        article("", name="e"),
    ]
    assert copies_of_others([(made, split_units(made)) for made in articles]) == {"b"}
