"""Judgements out to other tools and back in: one module a format, nothing lost on the way."""
