"""How good a classifier is on articles and outlets that it never saw."""
