"""SetFit on one sample of units: JSON on standard input, JSON on standard output.

Run by few_shot.py with a Python that has `setfit`, which is no dependency of ours. It reads the
units' own text, as SetFit's users give it; the numbers are its own, but for 20 pairs of each kind
a unit, as in its paper: all pairs would be quadratic.
"""

import json
import sys
import time

from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments


def main() -> None:
    """Fit on what is given and print what it makes of the rest."""
    given = json.load(sys.stdin)
    started = time.perf_counter()
    model = SetFitModel.from_pretrained(given["base"], local_files_only=True)
    options = TrainingArguments(
        output_dir=given["folder"],
        num_iterations=20,
        seed=given["seed"],
        save_strategy="no",
        report_to="none",
        show_progress_bar=False,
    )
    learn = Dataset.from_dict({"text": given["learn"], "label": given["codes"]})
    Trainer(model=model, args=options, train_dataset=learn).train()
    seconds = time.perf_counter() - started
    found = [int(code) for code in model.predict(given["judge"], show_progress_bar=False)]
    sys.stdout.write("\n" + json.dumps({"found": found, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
