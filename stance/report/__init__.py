"""One comparison, laid out for the terminal, for a page and for machines. Computes nothing."""
