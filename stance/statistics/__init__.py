"""Arrays in, numbers out: agreement, scores, intervals, permutation tests. No files, no records."""
