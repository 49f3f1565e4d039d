"""Stance and sentiment of news, sentence by sentence, and how far outlets agree."""
