"""The formats by name; light, since commands offer them."""

from enum import StrEnum


class Form(StrEnum):
    """How judgements are written for another tool."""

    JSONL = "jsonl"  # ours: an event a line, with its unit's text
    CSV = "csv"  # for spreadsheets: a row a unit, annotator and moment; a column a task
    LONG = "long"  # for statistics: item,annotator,label and then the rest, a row an event
    DOCCANO = "doccano"  # JSON Lines of its text classification
    LABEL_STUDIO = "label-studio"  # JSON tasks
    LABEL_STUDIO_CONFIG = "label-studio-config"  # the labelling interface, from the codebook
    CAS = "cas"  # UIMA CAS XMI, as INCEpTION reads and writes it
