"""Classified units of several outlets to what they share and where they part."""
