"""The errors that we raise on purpose: one `except StanceError` catches them all."""


class StanceError(Exception):
    """Something is wrong with what we were given; the message says what, where and what to do."""


class DataError(StanceError):
    """An article, a table or an array that cannot be used as it is."""


class CodebookError(StanceError):
    """A codebook file that does not say what a codebook must."""


class LabelError(StanceError):
    """A label or an annotation that its codebook or its document does not know."""


class ModelError(StanceError):
    """A model folder that cannot be loaded, or does not fit what it is asked for."""


# What reading a JSON file of another shape, or with numbers too large, may raise.
BROKEN = (
    OSError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
