"""What a local page refuses, and what it tells a browser."""

import asyncio
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from stance.errors import StanceError
from stance.web.safety import MOST_BYTES, Address, Guard, new_token
from stance.web.server import serve
from tests.web.ferry import TOKEN

PORT = 8765
ADDRESS = Address(port=PORT, token=TOKEN)
OURS = {"origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "same-origin"}
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def seen():
    return []


@pytest.fixture
def client(seen):
    async def app(scope, receive, send):
        message = await receive()
        seen.append((scope["path"], message["body"]))
        await PlainTextResponse("here")(scope, receive, send)

    return TestClient(
        Guard(app, ADDRESS), base_url=f"http://127.0.0.1:{PORT}", follow_redirects=False
    )


def is_a_sentence(words):
    return re.fullmatch(r"[A-Z][^\n<>]+\.\n", words) is not None


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_the_names_of_this_machine_with_our_port_are_answered(client, name):
    answer = client.get(f"/{TOKEN}/", headers={"host": f"{name}:{PORT}"})
    assert (answer.status_code, answer.text) == (200, "here")


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            "127.0.0.1",
            "localhost:80",
            f"evil.example:{PORT}",
            f"127.0.0.1.evil.example:{PORT}",
        ),
        *(f"127.0.0.1:{PORT}.evil.example", f"0.0.0.0:{PORT}", f"user@127.0.0.1:{PORT}"),
    ],
)
def test_any_other_host_is_refused_before_the_token_is_looked_at(client, seen, host):
    answer = client.get(f"/{TOKEN}/", headers={"host": host})
    assert answer.status_code == 421
    assert is_a_sentence(answer.text)
    assert seen == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_on_port_80_the_names_are_answered_as_browsers_send_them_without_the_port(name):
    guard = Guard(PlainTextResponse("here"), Address(port=80, token=TOKEN))
    client = TestClient(guard, base_url="http://127.0.0.1")
    headers = {"host": name, "origin": f"http://{name}", "sec-fetch-site": "same-origin"}
    assert client.post(f"/{TOKEN}/label", headers=headers).text == "here"
    assert client.get(f"/{TOKEN}/", headers={"host": f"{name}:80"}).text == "here"
    assert client.get(f"/{TOKEN}/", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    "path",
    [
        *("/", "", "/label", "/favicon.ico", "/é/", "/%00/", f"/{TOKEN[:-1]}/", f"/{TOKEN}x/"),
        *(f"//{TOKEN}/", f"/x/{TOKEN}/", f"/{TOKEN.upper()}/"),
    ],
)
def test_without_the_token_there_is_nothing_here(client, seen, path):
    answer = client.get(f"http://127.0.0.1:{PORT}{path}")
    assert answer.status_code == 404
    assert is_a_sentence(answer.text)
    assert TOKEN not in answer.text
    assert seen == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": f"https://127.0.0.1:{PORT}"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
        {"origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "cross-site"},
        {"origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
def test_a_change_that_does_not_come_from_the_page_is_refused(client, seen, headers):
    answer = client.post(f"/{TOKEN}/label", content=b"x", headers=headers)
    assert answer.status_code == 403
    assert is_a_sentence(answer.text)
    assert seen == []


@pytest.mark.parametrize(
    "headers",
    [
        OURS,
        {"origin": f"http://localhost:{PORT}"},
        {"origin": "null", **{"sec-fetch-site": "same-origin"}},
    ],
)
def test_a_change_that_comes_from_the_page_is_let_through(client, seen, headers):
    assert client.post(f"/{TOKEN}/label", content=b"x=1", headers=headers).text == "here"
    assert seen == [(f"/{TOKEN}/label", b"x=1")]


def test_a_body_may_be_as_long_as_the_limit_and_no_longer(client, seen):
    url = f"/{TOKEN}/label"
    assert client.post(url, content=b"x" * MOST_BYTES, headers=OURS).status_code == 200
    answer = client.post(url, content=b"x" * (MOST_BYTES + 1), headers=OURS)
    assert answer.status_code == 413
    assert is_a_sentence(answer.text)
    pieces = iter([b"x" * MOST_BYTES, b"x"])  # without a length said beforehand
    assert client.post(url, content=pieces, headers=OURS).status_code == 413
    assert len(seen) == 1


def test_a_request_that_is_cut_off_in_the_middle_is_not_acted_on(seen):
    async def app(scope, receive, send):
        seen.append(await receive())

    async def receive():
        return next(messages)

    async def send(message):
        seen.append(message)

    messages = iter(
        [
            {"type": "http.request", "body": b"label:stance=neu", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    headers = {"host": f"127.0.0.1:{PORT}", **OURS}
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/{TOKEN}/label",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(Guard(app, ADDRESS)(scope, receive, send))
    assert seen == []


@pytest.mark.parametrize("path", [f"/{TOKEN}/", "/"])
def test_every_answer_tells_the_browser_to_run_and_load_only_our_own_files(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"unsafe|\*|http|data:|blob:", policy)
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_tokens_are_new_each_time_and_fit_for_an_address():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(token in Address(port=1, token=token).url for token in tokens)


@pytest.mark.parametrize("token", ["", "short", "a/b" * 10, "ä" * 20, "x" * 20 + "\n"])
def test_a_token_that_is_short_or_odd_is_refused(token):
    with pytest.raises(StanceError, match="the token of a local page has 16 or more"):
        Address(port=1, token=token)


def test_a_port_that_is_taken_is_told_in_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StanceError, match=rf"127\.0\.0\.1:{port}: cannot be served: .*--port"):
            serve(lambda address: None, token=TOKEN, port=port)


def test_it_listens_on_the_loopback_address_only_says_where_and_stops_when_told(tmp_path):
    program = [sys.executable, "-m", "tests.web.ferry", str(tmp_path), "0", "3"]
    with subprocess.Popen(
        program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        url = server.stdout.readline().strip()
        try:
            assert re.fullmatch(rf"http://127\.0\.0\.1:\d+/{TOKEN}/", url)
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert answer.status == 200
            port = int(url.split(":")[2].split("/")[0])
            listening = Path(f"/proc/{server.pid}/net/tcp")
            if listening.exists():
                local = [line.split()[1] for line in listening.read_text().splitlines()[1:]]
                assert f"0100007F:{port:04X}" in local
                assert f"00000000:{port:04X}" not in local
        finally:
            server.terminate()
        out, err = server.communicate(timeout=15)
    assert (out, err) == ("", "")
