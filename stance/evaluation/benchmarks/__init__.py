"""Public data sets, scored as their authors score them, beside what others published."""
