"""The words for how units are chosen and labels settled; light, since commands offer them."""

from enum import StrEnum
from functools import cache

from stance.errors import LabelError


class Design(StrEnum):
    """How the units of a judgement were chosen."""

    CENSUS = "census"  # every unit of the document
    RANDOM = "random"  # each unit of the population with the same chance
    STRATIFIED = "stratified"  # at random within strata, each with its own known chance
    UNCERTAIN = "uncertain"  # those of which a model was least sure: no sample of anything
    CHOSEN = "chosen"  # picked by hand: no sample of anything
    ADJUDICATION = "adjudication"  # those on which others differ: this judgement settles them


class Plan(StrEnum):
    """How units are drawn to be labeled next."""

    RANDOM = "random"  # each with the same chance
    STRATIFIED = "stratified"  # by outlet and predicted label, in proportion
    MIXED = "mixed"  # half at random; half those that the model is least sure of, one an article


class Method(StrEnum):
    """Who decides where annotators differ."""

    THIRD = "third"  # a third person, by an adjudication
    DAWID_SKENE = "dawid-skene"  # where three annotators or more judged a unit, the model


@cache
def kind_of(design: str) -> Design:
    """Return the kind of a design: "random/3f9c2ab1", a draw's, is "random".

    Raises
    ------
    LabelError
        If there is no such kind.
    """
    kind = design.partition("/")[0]
    try:
        return Design(kind)
    except ValueError:
        raise LabelError(f"no design is called {kind!r}; use one of: {', '.join(Design)}") from None
