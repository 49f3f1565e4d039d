"""The jobs that join the steps: train a model, classify a stream of articles."""
