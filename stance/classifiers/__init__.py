"""Labeled units to a fitted classifier, units to probabilities."""
