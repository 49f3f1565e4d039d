"""Print what one server answers to many programs at once: how many, and how long each waits.

The server runs as a user starts it, in a process of its own, with the shipped small model (or the
one named). Each client sends articles one after the other, over a connection that stays open, and
waits for each answer. In between, another asks /api/health: how long that takes says whether the
event loop is free.
"""

import http.client
import json
import re
import statistics
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

CLIENTS, SECONDS = (1, 8, 32), 20
ROOT = Path(__file__).parent.parent


def article(n: int) -> str:
    """Return an article of ten sentences that no model has learned from, and no request repeats."""
    lines = (
        "Nvidia may ship {n} H200 boards to customers in China by spring.",
        "Lawmakers doubt that licence number {n} will ever be granted.",
        "The order is worth {n} million dollars, a buyer said.",
        "Officials met on day {n} and decided nothing.",
        "Chip {n} carries memory that domestic rivals do not have.",
    )
    return " ".join(line.format(n=n * 10 + i) for i in range(2) for line in lines)


def client(place: str, token: str, numbers: "count[int]", until: float, took: list[float]) -> None:
    """Ask for one article after the other until the time is over; note how long each took."""
    connection = http.client.HTTPConnection(place, timeout=120)
    headers = {"Authorization": f"Bearer {token}"}
    while time.perf_counter() < until:
        body = json.dumps({"text": article(next(numbers))})
        begun = time.perf_counter()
        connection.request("POST", "/api/classify", body, headers)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        took.append(time.perf_counter() - begun)
        if answer.status != 200 or len(content["units"]) != 10:
            raise SystemExit(f"not what was asked for: {answer.status} {content}")


def health(place: str, token: str, until: float, took: list[float]) -> None:
    """Ask for /api/health five times a second until the time is over."""
    connection = http.client.HTTPConnection(place, timeout=120)
    while time.perf_counter() < until:
        begun = time.perf_counter()
        connection.request("GET", "/api/health", headers={"Authorization": f"Bearer {token}"})
        connection.getresponse().read()
        took.append(time.perf_counter() - begun)
        time.sleep(0.2)


def measured(place: str, token: str, n: int, numbers: "count[int]") -> list[str]:
    """Return the cells of a row for `n` clients."""
    begun = time.perf_counter()
    until = begun + SECONDS
    took: list[float] = []
    healths: list[float] = []
    threads = [
        threading.Thread(target=client, args=(place, token, numbers, until, took)) for _ in range(n)
    ]
    threads.append(threading.Thread(target=health, args=(place, token, until, healths)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(took) / (time.perf_counter() - begun)
    if len(took) < 2:
        raise SystemExit("too few answers came")
    return [
        str(n),
        f"{rate:.1f}",
        f"{10 * rate:.0f}",
        *(f"{1000 * q:.0f} ms" for q in (statistics.median(took), percentile(took, 95))),
        *(f"{1000 * q:.0f} ms" for q in (statistics.median(healths), percentile(healths, 95))),
    ]


def percentile(values: list[float], n: int) -> float:
    """Return a percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[n - 1]


def main() -> None:
    """Serve, ask, and print a table."""
    model = sys.argv[1] if len(sys.argv) > 1 else "small"
    program = [sys.executable, "-m", "stance", "serve", "--model", model, "--port", "0"]
    with subprocess.Popen(program, cwd=ROOT, stderr=subprocess.PIPE, text=True) as server:
        try:
            lines = iter(server.stderr.readline, "")
            url = urlsplit(re.search(r"http://\S+", next(li for li in lines if "http://" in li))[0])
            token, numbers = url.path.strip("/"), count()
            measured(url.netloc, token, 1, numbers)  # the first answers are slower
            print(f"model {model}, articles of 10 units, {SECONDS} s a row\n")
            print(
                "| clients | requests/s | units/s | median | 95% within | health: median "
                "| health: 95% within |"
            )
            print("|" + " --- |" * 7)
            for n in CLIENTS:
                print(f"| {' | '.join(measured(url.netloc, token, n, numbers))} |", flush=True)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
