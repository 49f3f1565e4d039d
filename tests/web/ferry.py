"""A labelling page of an invented corpus, and what tests press on it.

Run as a program it serves the page until it is killed: python -m tests.web.ferry FOLDER PORT N
"""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from stance.codebook import read_codebook
from stance.corpus.units import split_units
from stance.labeling.desk import Assignment
from stance.labeling.log import AnnotationLog
from stance.web.labeling import labeling_app
from stance.web.server import serve
from tests.builders import DOUBT, HOPE, PLAIN, article

BOOK = read_codebook()
TOKEN = "a-token-for-tests-only"
OUTLET = "harbour-herald"
ROOT = Path(__file__).parent.parent.parent
DESIGN = "random/3f9c2ab1"


def assignments(n=6, text=None):
    """Return the first `n` units of articles whose ids name their outlet."""
    lines = [*HOPE, *DOUBT, *PLAIN]
    queue = []
    while len(queue) < n:
        i = len(queue)
        words = text or " ".join(
            lines[(i + j) % len(lines)].replace(".", f" on day {i + j}.") for j in range(6)
        )
        made = article(words, name=f"{OUTLET}/a{i}", source=OUTLET)
        queue += [Assignment(unit=unit, design=DESIGN) for unit in split_units(made)]
    return queue[:n]


CANARY = "document.title='it ran'"
HOSTILE = (
    f"</script><script>{CANARY}</script><img src=x onerror={CANARY}> \u202egnihtemos \x1b[31m "
    f"<svg onload={CANARY}> {'averylongword' * 750}"
)


def hostile(queue):
    """Return a queue of which every text tries to run, to turn round and to break the layout."""
    return [
        replace(a, unit=replace(a.unit, text=HOSTILE, heading=HOSTILE, before=(HOSTILE, HOSTILE)))
        for a in queue
    ]


class Server:
    """The page in a process of its own, which can be killed and started again where it was."""

    def __init__(self, folder, n=6, *options):
        self.folder, self.n, self.options, self.port = folder, n, options, 0
        self.start()

    def start(self):
        program = [sys.executable, "-m", "tests.web.ferry", self.folder, self.port, self.n]
        self.process = subprocess.Popen(
            [str(part) for part in (*program, *self.options)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.split(":")[2].split("/")[0])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)
        self.process.stdout.close()


def tell(address):
    sys.stdout.write(f"{address.url}\n")
    sys.stdout.flush()


def main(folder, port, n, *options):
    log = AnnotationLog(Path(folder) / "annotations.jsonl", on_notice=lambda words: None)
    queue = assignments(int(n))
    if "hostile" in options:
        queue = hostile(queue)
    if "later" in options:  # as after another draw
        queue = queue[1:]
    serve(
        lambda address: labeling_app(log, queue, BOOK, address=address),
        token=TOKEN,
        port=int(port),
        on_ready=tell,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
