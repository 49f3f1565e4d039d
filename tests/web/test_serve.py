"""`stance serve`: what its API and pages answer, refuse and promise."""

import asyncio
import base64
import errno
import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from starlette.testclient import TestClient

from stance.cli.serving import serve, work_of
from stance.codebook import read_codebook
from stance.corpus.prepare import prepare
from stance.engine.classify import classify
from stance.labeling.log import AnnotationLog
from stance.report.machine import row_of
from stance.web.labeling import labeling_app
from stance.web.openapi import openapi
from stance.web.reports import Reports, report_headers
from stance.web.safety import Address
from stance.web.serving import serving_app
from stance.web.work import Limits
from tests.builders import DOUBT, HOPE, PLAIN, article
from tests.web.ferry import HOSTILE, TOKEN, assignments

BOOK = read_codebook()
PORT = 8765
ADDRESS = Address(port=PORT, token=TOKEN)
BEARER = {"authorization": f"Bearer {TOKEN}"}
LINES = {"accept": "application/x-ndjson"}
STANCE = Path(sys.executable).with_name("stance")
TEXT = f"{HOPE[0]} {DOUBT[0]}\n\n{PLAIN[0]}\n"
SMALL = Limits(n_bytes=4000, n_articles=3, n_characters=300, n_units=8, seconds=60, n_requests=2)


WORDS = [
    *("oak", "crane", "rope", "tide", "engine", "cargo", "gate", "mast", "sail", "buoy", "quay"),
    *("dock", "barge", "tug", "lamp", "net", "keel", "bell", "chart", "wind", "ferry", "fare"),
]


def story(i):
    """Return an article of four sentences; no two share more than the words they begin with."""
    rng = random.Random(i)
    begins = (sentence.split()[:3] for sentence in (*HOPE, *DOUBT))
    return " ".join(f"{' '.join([*begin, *rng.choices(WORDS, k=14)])}." for begin in begins)


ARTICLES = [{"text": story(i), "source": f"Outlet {i % 2}", "title": f"T{i}"} for i in range(4)]


# Two of them make a claim together.
ALIKE = [
    {**one, "text": f"{one['text']} The old ferry crosses the wide bay {when} again."}
    for one, when in zip(ARTICLES, ("at noon", "today", "by night", "at dawn"), strict=True)
]


@pytest.fixture(scope="module")
def work(model):
    return work_of(model, BOOK)


def site(work, *, limits=None, **options):
    return TestClient(
        serving_app(work, BOOK, address=ADDRESS, limits=limits, **options),
        base_url=f"http://127.0.0.1:{PORT}",
        headers=BEARER,
        raise_server_exceptions=False,
    )


@pytest.fixture(scope="module")
def client(work):
    return site(work)


@pytest.fixture(scope="module")
def small(work):
    return site(work, limits=SMALL)


def lines(answer):
    return [json.loads(line) for line in answer.text.splitlines()]


def file(name, content, **more):
    content = content.encode() if isinstance(content, str) else content
    return {"name": name, "base64": base64.b64encode(content).decode(), **more}


# What is classified


def test_an_article_gets_the_rows_that_the_command_writes(client, model):
    made = article(TEXT, name="article-1", source="Quay", date="2026-02-14")
    expected = [
        row_of(unit, BOOK)
        for done in classify(prepare([made]), model, BOOK, alpha=0.2)
        for unit in done.units
    ]
    asked = {"text": TEXT, "source": "Quay", "date": "14 February 2026", "abstain": 0.2}
    answer = client.post("/api/classify", json=asked).json()
    begins = [row.pop("new_paragraph") for row in answer["units"]]
    assert answer["units"] == expected
    assert begins == [True, False, True]
    assert [row["sha256"] for row in answer["articles"]] == [made.sha256]


def test_the_lines_say_what_the_whole_answer_says(client):
    asked = {"articles": ARTICLES}
    whole = client.post("/api/classify", json=asked).json()
    start, *told, end = lines(client.post("/api/classify", json=asked, headers=LINES))
    assert [start.pop("event"), end.pop("event")] == ["start", "end"]
    for kind in ("article", "unit"):
        found = [{k: v for k, v in e.items() if k != "event"} for e in told if e["event"] == kind]
        assert found == whole[f"{kind}s"]
    assert start["n_units"] == end["n_units"] == len(whole["units"]) == 16
    # Each article stands before its own units.
    assert [event["article_id"] for event in told] == [
        f"article-{i}" for i in range(1, 5) for _ in range(5)
    ]


def test_the_units_of_a_long_article_come_piece_by_piece_as_they_are_labeled(work):
    n = []

    def seen(article, units, abstain):
        n.append(len(units))
        return work.classify(article, units, abstain)

    text = " ".join(PLAIN[0].replace(".", f" on day {i}.") for i in range(150))
    answer = site(replace(work, classify=seen)).post("/api/classify", json={"text": text})
    assert [row["index"] for row in answer.json()["units"]] == list(range(150))
    assert n == [64, 64, 22]


def test_a_comparison_is_that_of_the_library_and_leads_to_its_report(client):
    whole = client.post("/api/compare", json={"articles": ARTICLES}).json()
    *told, end = lines(client.post("/api/compare", json={"articles": ARTICLES}, headers=LINES))
    assert [event["event"] for event in told] == ["start", *["article"] * 4]
    assert end["comparison"] == whole
    assert len(whole["units"]) == end["n_units"] == 16
    page = client.get(end["report"])
    assert page.status_code == 200
    assert whole["answer"].split(";")[0].replace("'", "&#39;") in page.text
    save = client.get(end["report"] + "?save")
    assert save.headers["content-disposition"] == 'attachment; filename="report.html"'


def test_files_are_read_as_the_commands_read_them(client):
    table = "text,source,date\n" + "".join(f'"{story(i)}",Row {i},2026-02-14\n' for i in (5, 6))
    files = [
        file("Quay News/a.txt", "Café closed – says nobody.".encode("cp1252")),
        file("b.md", "---\nsource: Front\ndate: 2026-02-15\n---\nThe ferry sails.\n"),
        file("c.txt", "The pier is of oak.", source='A "given", outlet'),
        file("Row/a.txt", "The pier waits.", source="Said, 2"),
        file("t.csv", table),
        file("broken.txt", b"\0\1\2 binary \0"),
        file("articles.csv", "file,title\nc.txt,From the register\n"),
    ]
    answer = client.post("/api/classify", json={"files": files}).json()
    told = {a["article_id"]: (a["source"], a["title"], a["date"]) for a in answer["articles"]}
    assert told == {
        "Quay News/a": ("Quay News", None, None),
        "b": ("Front", None, "2026-02-15"),
        "c": ('A "given", outlet', "From the register", None),
        "Row/a": ("Said, 2", None, None),
        "t-1": ("Row 5", None, "2026-02-14"),
        "t-2": ("Row 6", None, "2026-02-14"),
    }
    assert "Café closed" in answer["units"][1]["text"] + answer["units"][0]["text"]
    assert any(notice.startswith("broken.txt: ") for notice in answer["notices"])
    assert "/tmp" not in json.dumps(answer["notices"])


def test_front_matter_of_a_text_is_read_as_that_of_a_file(client):
    given = "---\nsource: Quay News\ntitle: A ferry\ndate: 03/04/2026\n---\n" + TEXT
    of_file = client.post("/api/classify", json={"files": [file("article-1.txt", given)]}).json()
    for asked in ({"text": given}, {"articles": [{"text": given}]}):
        answer = client.post("/api/classify", json=asked).json()
        assert answer["articles"] == of_file["articles"]
        assert answer["units"] == of_file["units"]
        assert "the date '03/04/2026' cannot be read" in answer["notices"][0]
    beside = {"text": given, "source": "Pier", "date": "2026-04-03"}
    answer = client.post("/api/classify", json=beside).json()
    (told,) = answer["articles"]
    assert (told["source"], told["title"], told["date"]) == ("Pier", "A ferry", "2026-04-03")
    assert answer["notices"] == []
    for bad, words in (
        ("---\nsource: X\n---\n", "its text is only front matter"),
        ("---\nsource: [\n---\nThe ferry sails.", "its front matter is not valid YAML in line"),
    ):
        answer = client.post("/api/classify", json={"articles": [{"text": bad}]})
        assert answer.status_code == 422
        assert answer.json()["error"].startswith(f"articles[0]: {words}")


def test_what_is_known_of_an_article_in_another_form_than_text_is_told(client):
    known = {"title": ["A ferry"], "date": {"day": 14}, "id": True, "source": {"name": "Quay"}}
    answer = client.post("/api/classify", json={"articles": [{"text": TEXT, **known}]}).json()
    assert answer["notices"] == [
        f"articles[0]: its {field} is of type {kind}, so it is left out. Write it as one string."
        for field, kind in (("title", "list"), ("date", "dict"), ("id", "bool"))
    ]
    (told,) = answer["articles"]
    assert (told["title"], told["date"], told["source"]) == (None, None, "Quay")
    (notice,) = client.post(
        "/api/classify", json={"text": TEXT, "date": {"$date": "03/04/2026"}}
    ).json()["notices"]
    assert "the date '03/04/2026' cannot be read" in notice
    empty = {"text": TEXT, "title": None, "date": [], "url": False}
    assert client.post("/api/classify", json=empty).json()["notices"] == []


def test_texts_that_were_cut_are_told_in_the_words_that_files_get(client):
    cut = [f"{text} [+1234 chars]" for text in HOPE]
    asked = [
        {"articles": [{"text": text} for text in cut]},
        {"files": [file(f"{i}.txt", text) for i, text in enumerate(cut)]},
    ]
    of_rows, of_files = (
        client.post("/api/classify", json=one).json()["notices"][0].split(": ") for one in asked
    )
    assert of_rows[0] == of_files[0]
    assert of_rows[0].startswith(f"{len(cut)} articles end in '[+... chars]'")
    assert of_rows[1].startswith("articles[0], articles[1]")
    one = client.post("/api/classify", json={"text": cut[0]}).json()
    assert one["notices"][0].startswith("1 article ends in '[+... chars]', so only the beginning")


def test_a_whole_comparison_tells_what_its_lines_tell(client):
    articles = [{**one, "date": "03/04/2026"} for one in ARTICLES]
    whole = client.post("/api/compare", json={"articles": articles}).json()
    start, *_, end = lines(client.post("/api/compare", json={"articles": articles}, headers=LINES))
    assert len(start["notices"]) == 4
    assert whole.pop("notices") == start["notices"]
    assert whole == end["comparison"]
    assert "notices" not in client.post("/api/compare", json={"articles": ARTICLES}).json()


def test_an_articles_csv_tells_outlets_that_folders_do_not_and_no_notice_is_about_our_files(client):
    files = [file(f"c/{place}/{i}.txt", story(i)) for i, place in enumerate(("jan", "feb"))]
    table = "file,source\njan/0.txt,Quay\nfeb/1.txt,Pier\n"
    files += [file("c/articles.csv", table), file("c/README.md", "about", source="c")]
    answer = client.post("/api/classify", json={"files": files}).json()
    assert {a["source"] for a in answer["articles"]} == {"Quay", "Pier"}
    (notice,) = answer["notices"]
    assert "README.md" in notice
    assert "outlets.csv" not in notice


def test_files_leave_nothing_behind(client, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("a.txt", "../a.txt"):
        client.post("/api/classify", json={"files": [file("b.txt", "Ok."), file(name, "Ok.")]})
    assert list(tmp_path.iterdir()) == []


def test_a_comparison_counts_what_could_not_be_read(client):
    files = [file(f"o{i % 2}/{i}.txt", story(i)) for i in range(4)]
    files.append(file("o1/none.txt", b"\0\1\2 binary \0"))
    comparison = client.post("/api/compare", json={"files": files}).json()
    assert comparison["corpus"]["n_failed"] == 1
    assert comparison["corpus"]["n_articles"] == 4


# What is refused


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        (b"", "the request: not JSON"),
        (b"\xff\xfe", "the request: not JSON"),
        (b"{", "the request: not JSON"),
        (b"[" * 100_000, "the request: its JSON is nested too deeply"),
        ([], "the request: not a JSON object"),
        ({}, "the request: found none"),
        ({"txt": "The ferry sails."}, "the request: found none"),
        ({"text": "a", "articles": []}, "the request: found 'text', 'articles'"),
        ({"text": "a", "titel": "b"}, "the request: nothing is called 'titel'"),
        ({"articles": [{"text": "a"}], "source": "b"}, "the request: nothing is called 'source'"),
        ({"text": " \n"}, "the request: its text is empty"),
        ({"text": 7}, "the request: its text is of type int"),
        ({"text": "a\0b"}, "the request: its text holds NUL"),
        ({"articles": {}}, "articles: not a list"),
        ({"articles": []}, "articles: not a list"),
        ({"articles": [{"text": "a"}, "b"]}, "articles[1]: not an object"),
        ({"articles": [{"text": "a"}, {"title": "b"}]}, "articles[1]: no column is called text"),
        ({"articles": [{"text": "a", "id": "x"}] * 2}, "articles[1]: the id 'x' is taken"),
        ({"text": "a", "abstain": 0.9}, "abstain: "),
        ({"text": "a", "abstain": True}, "abstain: "),
        ({"files": ["a.txt"]}, "files[0]: not an object"),
        ({"files": [{"name": "a.txt", "base64": "%"}]}, "files[0]: its 'base64'"),
        ({"files": [{"name": "a.txt", "base64": "é"}]}, "files[0]: its 'base64'"),
        ({"files": [file("a.pdf", "x")]}, "files[0]: 'a.pdf' is not read here"),
        ({"files": [file("a.txt", "x"), file("a.txt", "x")]}, "files[1]: the name 'a.txt' is tak"),
        ({"files": [file("a.txt", "x"), file("a.txt/b.txt", "x")]}, "files[1]: the name"),
        (
            {"files": [file(n, "x") for n in ("é.txt", "e\u0301.txt")]},
            "files[1]: the name 'e\u0301",
        ),
        ({"files": [file("a.txt", " ")]}, "a.txt: holds no text"),
        ({"files": [file("README.md", "x")]}, "the files: holds no articles"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(client, asked, where):
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    for accept in ({}, LINES):
        answer = client.post("/api/classify", content=body, headers=accept)
        assert answer.status_code == 422
        assert answer.json()["error"].startswith(where)
        assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/a.txt", "../a.txt", "x/../../a.txt", ".a.txt", "a/.b/c.txt", "", ".", "a\0b.txt"),
        *("a\nb.txt", "\u202ea.txt", "c:\\a.txt", "\ud800.txt", "x" * 130 + ".txt"),
        *(["c:a.txt"] if os.name == "nt" else []),
        "/".join("abcdefghi") + ".txt",
    ],
)
def test_a_file_never_lands_outside_its_folder(client, name):
    body = json.dumps({"files": [file(name, "The ferry sails.")]})
    answer = client.post("/api/classify", content=body)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("files[0]: the name ")


@pytest.mark.skipif(os.name == "nt", reason="no name there holds a colon")
def test_a_name_with_a_colon_is_read_as_the_command_reads_it(client):
    files = [file("Quay/Nvidia: up again.txt", "The ferry sails.")]
    (told,) = client.post("/api/classify", json={"files": files}).json()["articles"]
    assert (told["article_id"], told["source"]) == ("Quay/Nvidia: up again", "Quay")


def test_a_full_disk_is_not_called_a_name_that_is_taken(client, monkeypatch):
    real = Path.open

    def full(path, mode="r", *args, **options):
        if mode == "xb":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, mode, *args, **options)

    monkeypatch.setattr(Path, "open", full)
    answer = client.post("/api/classify", json={"files": [file("a.txt", "The ferry sails.")]})
    assert answer.status_code == 500
    assert "taken" not in answer.json()["error"]
    assert answer.json()["error"].startswith("files[0]: 'a.txt' cannot be written")
    assert "No space left on device" in answer.json()["error"]


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"text": "x" * 5000}, "4,000 bytes"),
        ({"text": "word " * 80}, "may have 300"),
        ({"articles": [{"text": "a"}] * 4}, "at most 3 are taken"),
        ({"text": "The ferry sails. " * 12}, "at most 8 are taken"),
        ({"files": [file("t.jsonl", '{"text": "a"}\n' * 4)]}, "at most 3 are taken"),
    ],
)
def test_too_much_is_told_with_how_much_may_be(small, asked, what):
    for path in ("classify", "compare"):
        answer = small.post(f"/api/{path}", json=asked, headers=LINES)
        assert answer.status_code == 413
        assert what in answer.json()["error"]


def test_what_cannot_be_compared_is_told(client):
    asked = {"articles": [{"text": TEXT, "source": "Quay"}, {"text": TEXT}]}
    for accept in ({}, LINES):  # before anything is labeled
        answer = client.post("/api/compare", json=asked, headers=accept)
        assert answer.status_code == 422
        assert "outlet of 1 of 2 articles is unknown, article-2 first" in answer.json()["error"]
    asked = {"articles": [{"text": "...", "source": "Quay"}]}
    for accept in ({}, LINES):
        answer = client.post("/api/compare", json=asked, headers=accept)
        assert answer.status_code == 422
        assert "articles[0]: its text is empty" in answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        *({}, {"authorization": ""}, {"authorization": TOKEN}),
        *({"authorization": f"Basic {TOKEN}"}, {"authorization": f"Bearer {TOKEN[:-1]}"}),
        *({"authorization": "Bearer é"}, {"cookie": f"token={TOKEN}"}),
    ],
)
def test_without_the_token_no_route_answers(work, headers):
    client = site(work)
    client.headers.pop("authorization")
    headers = {k: v.encode() for k, v in headers.items()}
    for method, path in (
        *(("GET", "/api/health"), ("GET", "/api/openapi.json"), ("POST", "/api/classify")),
        *(("POST", "/api/compare"), ("OPTIONS", "/api/classify"), ("GET", "/api/none")),
    ):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "Authorization: Bearer" in answer.json()["error"]
        assert TOKEN not in answer.text
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
        {"sec-fetch-site": "cross-site"},
        {"origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "same-site"},
    ],
)
def test_another_web_page_may_not_ask_even_with_the_token(client, headers):
    answer = client.post("/api/classify", json={"text": TEXT}, headers=headers)
    assert answer.status_code == 403
    assert "Another web page" in answer.json()["error"]


def test_another_host_name_is_refused(client):
    answer = client.get("/api/health", headers={"host": f"evil.example:{PORT}"})
    assert answer.status_code == 421
    assert answer.json()["error"].startswith("This page is served to this machine only")


# Many at once


class Slow:
    """A model that works for as long as a test wants, and notes who uses it."""

    def __init__(self, work):
        self.work, self.go = work, threading.Event()
        self.now, self.most, self.order = 0, 0, []

    def classify(self, article, units, abstain):
        self.now += 1
        self.most = max(self.most, self.now)
        self.order.append(article.id)
        assert self.go.wait(20)
        found = self.work.classify(article, units, abstain)
        self.now -= 1
        return found

    def app(self, limits=None):
        work = replace(self.work, classify=self.classify)
        return serving_app(work, BOOK, address=ADDRESS, limits=limits)


async def asked(app, method, path, body=b""):
    """Return the status and the body of an answer, over ASGI and nothing between."""
    parts = []
    given = [{"type": "http.request", "body": body, "more_body": False}]
    gone = asyncio.Event()

    async def receive():
        if given:
            return given.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        parts.append(message)

    headers = [(b"host", f"127.0.0.1:{PORT}".encode()), (b"authorization", b"Bearer " + B_TOKEN)]
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http"},
        **{"method": method, "path": path, "raw_path": path.encode(), "query_string": b""},
        **{"root_path": "", "headers": headers, "server": ("127.0.0.1", PORT)},
    }
    await app(scope, receive, send)
    status = parts[0]["status"]
    return status, json.loads(b"".join(part.get("body", b"") for part in parts[1:])), parts[0]


B_TOKEN = TOKEN.encode()


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never came")


def test_health_answers_while_the_model_works_and_requests_use_it_one_at_a_time(work):
    slow = Slow(work)

    async def main():
        app = slow.app()
        body = json.dumps({"text": TEXT}).encode()
        tasks = [asyncio.create_task(asked(app, "POST", "/api/classify", body)) for _ in range(8)]
        await until(lambda: slow.now)
        begun = time.perf_counter()
        status, health, _ = await asked(app, "GET", "/api/health")
        assert time.perf_counter() - begun < 1
        assert (status, health["n_requests"]) == (200, 8)
        slow.go.set()
        answers = await asyncio.gather(*tasks)
        assert {status for status, _, _ in answers} == {200}
        assert len({json.dumps(answer["units"]) for _, answer, _ in answers}) == 1
        assert (await asked(app, "GET", "/api/health"))[1]["n_requests"] == 0

    asyncio.run(main())
    assert slow.most == 1


def test_a_short_request_does_not_wait_for_the_whole_of_a_long_one(work):
    slow = Slow(work)

    async def main():
        app = slow.app()
        long = {"articles": [{"text": story(i), "id": f"long-{i}"} for i in range(10)]}
        short = {"text": TEXT, "id": "short"}
        tasks = [
            asyncio.create_task(asked(app, "POST", "/api/classify", json.dumps(long).encode()))
        ]
        await until(lambda: slow.order)
        tasks.append(
            asyncio.create_task(asked(app, "POST", "/api/classify", json.dumps(short).encode()))
        )
        await asyncio.sleep(0.3)  # until it is read and stands in line
        slow.go.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert "short" in slow.order[:3]


def test_when_too_many_wait_the_next_is_sent_away_in_words(work):
    slow = Slow(work)

    async def main():
        app = slow.app(SMALL)
        body = json.dumps({"text": TEXT}).encode()
        tasks = [asyncio.create_task(asked(app, "POST", "/api/classify", body)) for _ in range(2)]
        await until(lambda: slow.now)
        status, answer, start = await asked(app, "POST", "/api/classify", body)
        assert status == 503
        assert answer["error"].startswith("2 requests are under way")
        assert (b"retry-after", b"5") in start["headers"]
        slow.go.set()
        await asyncio.gather(*tasks)
        assert (await asked(app, "POST", "/api/classify", body))[0] == 200

    asyncio.run(main())


def test_what_takes_too_long_is_stopped_in_words(work):
    client = site(work, limits=replace(SMALL, seconds=0))
    answer = client.post("/api/classify", json={"text": TEXT})
    assert answer.status_code == 503
    assert "longer than 0 s" in answer.json()["error"]
    told = lines(client.post("/api/classify", json={"text": TEXT}, headers=LINES))
    assert [event["event"] for event in told] == ["start", "article", "error"]
    assert client.get("/api/health").json()["n_requests"] == 0


def test_an_error_that_nobody_expected_shows_nothing_of_the_inside(work):
    def broken(article, units, abstain):
        raise ValueError("the inside")

    told = []
    client = site(replace(work, classify=broken), on_trouble=told.append)
    answer = client.post("/api/classify", json={"text": TEXT})
    assert answer.status_code == 500
    last = lines(client.post("/api/classify", json={"text": TEXT}, headers=LINES))[-1]
    assert last["error"] == answer.json()["error"]
    assert "inside" not in answer.text
    assert told == ["the API failed: ValueError: the inside"] * 2


# The description


def faults(value, schema, root, place="$"):
    """Yield where a value is not as a schema says; of JSON Schema, what our description uses."""
    known = {
        *("$ref", "type", "properties", "required", "additionalProperties", "items", "enum"),
        *("const", "oneOf", "minimum", "maximum", "maxLength", "minItems", "maxItems"),
        *("description", "contentEncoding"),
    }
    assert schema.keys() <= known, f"{place}: {schema.keys() - known}"
    if "$ref" in schema:
        found = root
        for name in schema["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        yield from faults(value, found, root, place)
        return
    if "oneOf" in schema:
        n = sum(not list(faults(value, one, root, place)) for one in schema["oneOf"])
        if n != 1:
            yield f"{place}: is {n} of the {len(schema['oneOf'])}"
        return
    types = {
        **{"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)},
        **{"integer": int, "number": (int, float)},
    }
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(
            isinstance(value, types[name]) and (name == "boolean" or not isinstance(value, bool))
            for name in names
        ):
            yield f"{place}: {value!r} is no {names}"
            return
    if ("const" in schema and value != schema["const"]) or value not in schema.get("enum", [value]):
        yield f"{place}: {value!r} is not what it may be"
    if isinstance(value, int | float) and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
    ):
        yield f"{place}: {value} is out of range"
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        yield f"{place}: too long"
    if isinstance(value, list):
        n = len(value)
        if not schema.get("minItems", n) <= n <= schema.get("maxItems", n):
            yield f"{place}: has {n} items"
        for i, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), root, f"{place}[{i}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{place}: lacks {name}"
        for name, item in value.items():
            if name in properties:
                yield from faults(item, properties[name], root, f"{place}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{place}: nothing is called {name}"


def test_the_description_is_true_of_every_route_method_status_and_answer(work, small):
    described = small.get("/api/openapi.json").json()
    assert described == openapi(SMALL, BOOK)
    full = site(work, limits=replace(SMALL, n_requests=0))
    broken = site(replace(work, classify=None))
    text, two = {"text": "The ferry sails.", "source": "O"}, {"articles": [{"text": "a"}]}
    pair = {"articles": [{"text": s, "source": f"O{i}"} for i, s in enumerate((*HOPE, *DOUBT)[1:])]}
    requests = [
        ("get", "/api/health", None, small, {}),
        ("get", "/api/openapi.json", None, small, {}),
        ("post", "/api/classify", text, small, {}),
        ("post", "/api/compare", pair, small, {}),
    ]
    for method, path, body, _, _ in list(requests):
        for headers in ({"authorization": ""}, {"origin": "null"}, {"host": "evil.example"}):
            requests.append((method, path, body, small, headers))
        if method == "post":
            requests += [
                (method, path, {"text": "word " * 80}, small, {}),
                (method, path, {}, small, {}),
                (method, path, text, full, {}),
                (method, path, text, broken, {}),
            ]
    requests.append(("post", "/api/compare", two, small, {}))
    seen = set()
    for method, path, body, client, headers in requests:
        answer = client.request(method, path, json=body, headers=headers)
        seen.add((path, method, str(answer.status_code)))
        response = described["paths"][path][method]["responses"][str(answer.status_code)]
        schema = response["content"]["application/json"]["schema"]
        assert answer.headers["content-type"] == "application/json"
        assert list(faults(answer.json(), schema, described)) == [], answer.text
        if method == "post" and answer.status_code == 200:
            schema = response["content"]["application/x-ndjson"]["schema"]
            streamed = client.post(path, json=body, headers=LINES)
            assert streamed.headers["content-type"] == "application/x-ndjson"
            for line in lines(streamed):
                assert list(faults(line, schema, described)) == [], line
    promised = {
        (path, method, status)
        for path, methods in described["paths"].items()
        for method, told in methods.items()
        for status in told["responses"]
    }
    assert seen == promised
    line = lines(broken.post("/api/classify", json=text, headers=LINES))[-1]
    schema = {"$ref": "#/components/schemas/ClassifiedLine"}
    assert list(faults(line, schema, described)) == []


def test_every_other_path_and_method_is_told_in_json(client):
    for method, path, status in (
        *(("GET", "/api/", 404), ("GET", "/api/nothing", 404), ("POST", "/api/health", 405)),
        *(("GET", "/api/classify", 405), ("PUT", "/api/compare", 405)),
    ):
        answer = client.request(method, path)
        assert answer.status_code == status
        assert "/api/openapi.json" in answer.json()["error"]


def test_the_description_takes_what_the_server_takes_and_refuses_what_it_refuses(small):
    root = openapi(SMALL, BOOK)
    request = {"$ref": "#/components/schemas/Request"}
    good = [
        {"text": "The ferry sails.", "title": "T", "source": "S", "date": "2026-02-14", "id": "i"},
        {"text": "The ferry sails.", "abstain": 0.1},
        {"articles": [{"text": "The ferry sails.", "headline": "also read"}]},
        {"files": [file("a.txt", "The ferry sails.", source="S")], "abstain": 0.1},
    ]
    bad = [
        *({}, [], {"text": 7}, {"txt": "a"}, {"text": "a", "abstain": 1}, {"articles": []}),
        *({"text": "a", "articles": [{"text": "a"}]}, {"files": [{"name": "a.txt"}]}),
        {"articles": [{"text": "a"}] * 4},
    ]
    for asked, is_good in [*((g, True) for g in good), *((b, False) for b in bad)]:
        assert (list(faults(asked, request, root)) == []) == is_good, asked
        status = small.post("/api/classify", json=asked).status_code
        assert (status == 200) == is_good, asked


# Text that others wrote


FORMULAS = "=cmd|' /C calc'!A0. \x1b[31m+1+1\x1b[0m. @SUM(A1). <svg/onload=alert(1)>. \u202eyas."


def test_hostile_text_comes_back_as_it_is_and_only_as_data(client):
    given = f"{FORMULAS} {HOSTILE}"
    answer = client.post(
        "/api/classify", json={"text": given, "title": HOSTILE[:200], "source": FORMULAS}
    )
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    told = answer.json()
    for unit in told["units"]:
        assert given[unit["start"] : unit["end"]] == unit["text"]
    assert told["articles"][0]["source"] == FORMULAS


def test_what_is_told_of_hostile_text_cannot_drive_a_terminal(client):
    for asked in (
        {"files": [file("a.\x1b[31m", "x")]},
        {"\x1b[31m": 1, "text": "a"},
        {"articles": [{"text": "a", "id": "\x1b]0;x\x07"}] * 2},
        {"articles": [{"text": "Ok.", "id": "\u202e\x1b[2J"}]},
    ):
        answer = client.post("/api/compare", json=asked)
        assert answer.status_code == 422
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", answer.json()["error"])


def test_lone_surrogates_do_not_break_an_answer(client):
    body = b'{"text": "The ferry \\ud800 sails.", "title": "\\udfff", "id": "\\ud800"}'
    for accept in ({}, LINES):
        answer = client.post("/api/classify", content=body, headers=accept)
        assert answer.status_code == 200
        assert "The ferry" in answer.text


def test_a_report_of_hostile_articles_holds_no_element_of_theirs(client):
    articles = [{**a, "text": f"{HOSTILE} {a['text']}", "source": f"{a['source']}{HOSTILE[:150]}"}
                for a in ARTICLES]  # fmt: skip
    end = lines(client.post("/api/compare", json={"articles": articles}, headers=LINES))[-1]
    assert end["event"] == "end"
    tags = Tags()
    tags.feed(client.get(end["report"]).text)
    assert not {"script", "img"} & {tag for tag, _ in tags.found if "onerror" in str(_)}
    assert not any(name.startswith("on") for _, attributes in tags.found for name in attributes)


# Pages


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("path", ["", "compare", "report"])
def test_a_page_brings_all_that_it_needs_from_here_and_nothing_inline(client, path):
    answer = client.get(f"/{TOKEN}/{path}")
    assert answer.status_code == 200
    assert BOOK.target.replace("'", "&#39;") in answer.text
    tags = Tags()
    tags.feed(answer.text)
    for tag, attributes in tags.found:
        assert tag not in ("style", "base", "iframe", "object")
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        if tag == "script":
            assert "src" in attributes or attributes["type"] == "application/json"
        for name in ("src", "href"):
            if name in attributes and not attributes[name].startswith("#"):
                there = client.get(f"/{TOKEN}/{attributes[name]}")
                assert there.status_code == 200, attributes[name]
    policy = answer.headers["content-security-policy"]
    assert not re.search(r"unsafe|\*|http|data:|blob:", policy)


def test_pages_without_the_token_are_nowhere(client):
    for path in ("/", "/compare", f"/{TOKEN}x/", "/reports/x"):
        assert client.get(path).status_code == 404


def test_a_saved_report_is_given_back_without_our_rights(client):
    ours = {"origin": f"http://127.0.0.1:{PORT}"}
    html = "<!doctype html><html><style>p{color:red}</style><script>steal()</script><p>x</html>"
    answer = client.post(f"/{TOKEN}/reports", content=html.encode(), headers=ours)
    page = client.get(answer.json()["report"])
    assert page.text == html
    policy = page.headers["content-security-policy"].split("; ")
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert not any(part.startswith("script-src") for part in policy)
    assert sum("sha256" in part for part in policy) == 1  # the style's
    assert page.headers["cross-origin-opener-policy"] == "unsafe-none"
    for content in (b"\xff\xfe", b"not a page", b""):
        refused = client.post(f"/{TOKEN}/reports", content=content, headers=ours)
        assert refused.status_code == 422
    assert client.post(f"/{TOKEN}/reports", content=html.encode()).status_code == 403
    gone = client.get(f"/{TOKEN}/reports/unknown")
    assert (gone.status_code, "not kept any more" in gone.text) == (404, True)


def test_scripts_run_only_in_reports_that_we_made_and_only_theirs():
    html = "<style>a</style><script>b</script>"
    mine, other = (report_headers(html, ours=ours) for ours in (True, False))
    # sha256sum of "b" and "a", as base64
    assert "script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='" in mine[
        "content-security-policy"
    ]  # fmt: skip
    assert "style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='" in other[
        "content-security-policy"
    ]  # fmt: skip
    assert "sandbox allow-scripts allow-downloads" in mine["content-security-policy"]
    assert "allow" not in other["content-security-policy"]
    assert "allow" not in report_headers("<style>a</style>", ours=True)["content-security-policy"]


def test_only_the_latest_reports_are_kept():
    reports = Reports()
    names = [reports.keep(f"<html>{i}", ours=False) for i in range(25)]
    kept = [name for name in names if reports.get(name)]
    assert kept == names[5:]


def test_the_labelling_page_is_a_room_with_its_own_key(work, tmp_path):
    other = Address(port=PORT, token="another-token-for-labels")
    labeling = labeling_app(
        AnnotationLog(tmp_path / "annotations.jsonl"), assignments(), BOOK, address=other
    )
    client = site(work, labeling=labeling)
    assert f'href="/{other.token}/"' in client.get(f"/{TOKEN}/").text
    assert "units, one decision at a time" in client.get(f"/{other.token}/").text
    assert client.get(f"/{other.token}/compare").status_code == 404
    assert (
        client.get("/api/health", headers={"authorization": f"Bearer {other.token}"}).status_code
        == 401
    )
    assert "Label</a>" not in site(work).get(f"/{TOKEN}/").text


# The command


@contextmanager
def served(model, *options):
    """Run `stance serve` in a process of its own; give its address and the process."""
    with subprocess.Popen(
        [STANCE, "serve", "--model", model.folder, "--port", "0", *map(str, options)],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        address = next(line for line in iter(process.stderr.readline, "") if "http://" in line)
        try:
            yield re.search(r"http://\S+/", address)[0], process
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0


def test_the_command_serves_until_told_to_stop_with_a_token_that_it_keeps(model, tmp_path):
    kept = tmp_path / "token"
    port = shutil.copytree(Path(__file__).parent.parent.parent / "seeds/articles", tmp_path / "a")
    with served(
        model, port / "wafer-1.txt", "--labels", tmp_path / "mine", "--token-file", kept
    ) as (url, _):
        token = kept.read_text()
        assert url.endswith(f"/{token}/")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        page = urlopen(url, timeout=20).read().decode()
        label = re.search(r'href="(/[^"/]+/)">Label', page)[1]
        root = url.removesuffix(f"/{token}/")
        assert "one decision at a time" in urlopen(root + label, timeout=20).read().decode()
        ask = Request(
            f"{root}/api/classify",
            json.dumps({"text": TEXT}).encode(),
            {"Authorization": f"Bearer {token}"},
        )
        assert len(json.load(urlopen(ask, timeout=20))["units"]) == 3


def test_a_report_names_what_the_server_was_given_and_why_claims_go_by_words(
    model, tmp_path, monkeypatch
):
    own = tmp_path / "own.toml"
    own.write_bytes((Path(__file__).parents[2] / "labels/h200-access.toml").read_bytes())
    monkeypatch.delenv("STANCE_OFFLINE")
    monkeypatch.setenv("STANCE_CACHE", str(tmp_path / "empty"))
    made = []
    monkeypatch.setattr(
        "stance.web.server.serve", lambda app_of, **options: made.append(app_of(ADDRESS))
    )
    serve(model=str(model.folder), codebook=str(own))
    client = TestClient(made[0], base_url=f"http://127.0.0.1:{PORT}", headers=BEARER)
    told = client.post("/api/compare", json={"articles": ALIKE}).json()
    words = f"PATH --codebook {own} --model {model.folder} --folder my-labels"
    assert words in told["sample"]["remedy"]
    caveats = " ".join(told["caveats"])
    assert "by shared words, since the encoder that matches by meaning could not be had" in caveats
    assert "run `stance compare` once, which does" in caveats


def test_articles_and_a_folder_for_labels_go_together():
    done = subprocess.run(
        [STANCE, "serve", "--labels", "mine"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "give PATH and --labels, or neither" in done.stderr


def test_limits_told_are_those_that_hold(small):
    assert small.get("/api/health").json()["limits"] == asdict(SMALL)
