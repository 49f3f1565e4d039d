"""`python -m stance`, for where the command `stance` is not on the path."""

from stance.cli import main

main()
