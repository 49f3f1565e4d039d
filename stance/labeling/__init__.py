"""Units to annotations, annotations to settled labels."""
