"""The pages of `stance serve` in a real Chromium: read, compare, open a report."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from stance.terminal_text import printable
from tests.builders import DOUBT, HOPE, PLAIN
from tests.chromium import needs_chromium
from tests.web.ferry import CANARY, HOSTILE
from tests.web.test_serve import story

pytestmark = needs_chromium
COMPARED = 40_000  # ms: a second on an idle machine; a test machine is never idle
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
TEXT = f"{HOPE[0]} {DOUBT[1]}\n\n{PLAIN[0]}\n"
FORMULA = "=SUM(A1:A2)"
ODD = f"{HOSTILE[:160]} {FORMULA} \x1b[31m red \u200bhidden \u2066isolate \U000e0041tag."


@pytest.fixture(scope="module")
def url(model):
    """The address of a server as the command starts it."""
    program = [sys.executable, "-m", "stance", "serve", "--model", model.folder, "--port", "0"]
    with subprocess.Popen(
        list(map(str, program)), stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        said = next(line for line in iter(process.stderr.readline, "") if "http://" in line)
        yield re.search(r"http://\S+/", said)[0]
        process.kill()


class Windows:
    """Browser windows; what goes wrong in one, and what it asks for elsewhere, is kept."""

    def __init__(self, browser, url):
        self.browser, self.url, self.contexts, self.complaints = browser, url, [], []
        self.expected = []

    def open(self, path="", *, size=WIDE, **options):
        context = self.browser.new_context(viewport=size, **options)
        context.on("page", self._watch)
        self.contexts.append(context)
        page = context.new_page()
        page.goto(self.url + path)
        return page

    def _watch(self, page):
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)
        page.on("request", self._look)

    def _listen(self, message):
        if message.type in {"error", "warning"} and not any(
            words in message.text for words in self.expected
        ):
            self.complaints.append(message.text)

    def _look(self, request):
        if not request.url.startswith(self.url.rsplit("/", 2)[0]):
            self.complaints.append(f"asked for {request.url}")

    def close(self):
        for context in self.contexts:
            context.close()
        assert self.complaints == []


@pytest.fixture
def windows(browser, url):
    windows = Windows(browser, url)
    yield windows
    windows.close()


def classify(page, text):
    page.fill("#text", text)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#said")).to_contain_text("Done")


def outlets(tmp_path):
    """Write four articles, of which no two are copies."""
    files = [tmp_path / f"{i}.txt" for i in range(4)]
    for i, path in enumerate(files):
        path.write_text(story(i), encoding="utf-8")
    return files


def tab_to(page, condition):
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(condition):
            return
    raise AssertionError(f"Tab never came to {condition}")


def test_an_article_is_read_by_keys_only(windows):
    page = windows.open()
    tab_to(page, "document.activeElement.id === 'text'")
    page.keyboard.insert_text(TEXT)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # on the button
    expect(page.locator("#result-title")).to_be_focused()
    expect(page.locator(".unit")).to_have_count(3)
    expect(page.locator("#articles p")).to_have_count(2)  # paragraphs
    page.keyboard.press("Tab")
    for key, i in (("ArrowRight", 1), ("ArrowDown", 2), ("Home", 0), ("End", 2), ("ArrowUp", 1)):
        page.keyboard.press(key)
        expect(page.locator(".unit").nth(i)).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    expect(page.locator("#facts")).to_contain_text("skeptical")
    expect(page.locator(".unit").nth(1)).to_have_class(re.compile("unit bad .* other"))
    # What colour, mark and pointer tell is told in words too.
    words = page.locator(".unit").nth(1).inner_text()
    assert re.search(r"\(stance skeptical: .*skeptical \d+%; .*voice attributed: .*\)", words)
    page.locator(".unit").nth(0).hover()
    top = page.locator(".chance.most").first
    expect(top).to_contain_text("optimistic")
    expect(page.locator("#counts")).to_contain_text(re.compile(r"optimistic\s+1 \(33%\)"))
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.classList.contains('unit')")  # one stop


def test_sentences_appear_before_the_last_is_labeled_and_it_can_be_stopped(windows):
    page = windows.open()
    page.evaluate(
        """() => {
          const real = fetch;
          const line = (event) => JSON.stringify(event) + "\\n";
          window.fetch = async (path, options) => {
            const answer = await real(path, options);
            const [start, article, unit] = (await answer.text()).split("\\n");
            const stream = new ReadableStream({ start(to) {
              const bytes = new TextEncoder().encode([start, article, unit, ""].join("\\n"));
              to.enqueue(bytes.slice(0, -40));  // a line that comes in two parts
              setTimeout(() => to.enqueue(bytes.slice(-40)), 50);
              options.signal.addEventListener("abort", () => to.error(options.signal.reason));
            } });
            return new Response(stream);
          };
        }"""
    )
    page.fill("#text", TEXT)
    page.get_by_role("button", name="Classify").click()
    expect(page.locator(".unit")).to_have_count(1)
    expect(page.locator("#words")).to_have_text("1 of 3 units")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#said")).to_have_text("Stopped.")
    expect(page.locator("#going")).to_be_hidden()
    expect(page.locator("#trouble")).to_be_hidden()


def test_hostile_text_runs_nothing_and_is_shown_as_the_commands_show_it(windows, tmp_path):
    page = windows.open(size=NARROW)
    classify(page, ODD)
    texts = [" ".join(t.split()) for t in page.locator(".unit").evaluate_all(
        "all => all.map((one) => one.firstChild.data)")]  # fmt: skip
    shown = " ".join(texts)
    for mark in ("\u202e", "\x1b", "\u200b", "\u2066", "\U000e0041"):
        assert mark not in shown
        assert printable(mark) in shown
    assert FORMULA in shown
    assert "it ran" not in page.title()
    assert page.locator("#articles :is(script, img, svg)").count() == 0
    table = tmp_path / "t.jsonl"
    rows = [
        {"text": f"{HOSTILE} {i}", "title": HOSTILE, "source": f"{HOSTILE[:100]}{i}"}
        for i in range(2)
    ]
    table.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    page.set_input_files("#files", table)
    expect(page.locator("#articles article")).to_have_count(2)
    root = "document.documentElement"
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0
    assert "it ran" not in page.title()


def test_two_outlets_are_compared_and_the_report_opens_without_our_rights(windows, tmp_path):
    page = windows.open("compare")
    page.set_input_files("#files", outlets(tmp_path))
    for i, outlet in enumerate(("Quay", "Quay", "Pier", "Pier")):
        page.get_by_label(f"Outlet of {i}.txt").fill(outlet)
    page.keyboard.press("Enter")
    expect(page.locator("#open")).to_be_focused(timeout=COMPARED)
    expect(page.locator("#answer")).to_contain_text(re.compile("Quay.*Pier|Pier.*Quay"))
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    report = opened.value
    expect(report.locator("h1, .answer").first).to_be_visible()
    assert report.evaluate("window.origin") == "null"
    assert report.evaluate("window.opener") is None
    assert report.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save it").click()
    assert saved.value.suggested_filename == "report.html"
    assert "Quay" in Path(saved.value.path()).read_text(encoding="utf-8")


def test_a_folder_is_compared_as_the_command_compares_it(windows, tmp_path):
    folder = tmp_path / "corpus"
    rows = ["file,source"]
    for i, path in enumerate(outlets(tmp_path)):
        place = folder / ("jan" if i < 2 else "feb") / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
        rows.append(f"{place.relative_to(folder).as_posix()},{('Quay', 'Pier')[i % 2]}")
    (folder / "articles.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "README.md").write_text("about", encoding="utf-8")
    (folder / ".checkpoints").mkdir()
    (folder / ".checkpoints" / "0.txt").write_text(story(0), encoding="utf-8")
    page = windows.open("compare")
    page.set_input_files("#folder", folder)
    expect(page.locator("#rows tr")).to_have_count(6)  # none that is hidden
    field = page.get_by_label("Outlet of corpus/jan/0.txt")
    expect(field).to_have_value("")
    expect(field).to_have_attribute("placeholder", "jan")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#answer")).to_contain_text(
        re.compile("Quay.*Pier|Pier.*Quay"), timeout=COMPARED
    )
    expect(page.locator("#notices li")).to_have_count(1)
    expect(page.locator("#notices li")).to_contain_text("README.md")


def test_a_saved_report_that_tries_to_run_stays_a_picture_of_itself(windows, tmp_path):
    windows.expected += ["Content Security Policy", "sandboxed", "Blocked script"]
    path = tmp_path / "report.html"
    path.write_text(
        f"<!doctype html><html lang=en><title>saved</title><style>p{{color:rgb(1,2,3)}}</style>"
        f"<script>{CANARY}</script><p onclick={CANARY}>text</p><img src=x onerror={CANARY}>"
        "<form action=compare><button>send</button></form>"
        "<link rel=stylesheet href=page.css><iframe src=compare></iframe>",
        encoding="utf-8",
    )
    page = windows.open("report")
    page.set_input_files("#files", path)
    expect(page.locator("#open")).to_be_focused()
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    report = opened.value
    expect(report.locator("p")).to_have_css("color", "rgb(1, 2, 3)")
    report.locator("p").click()
    report.get_by_role("button").click()
    assert report.title() == "saved"
    assert "/reports/" in report.url
    assert report.evaluate("window.origin") == "null"
    windows.expected.append("status of 422")
    path.write_text("no page", encoding="utf-8")
    page.set_input_files("#files", path)
    expect(page.locator("#trouble")).to_contain_text("This is no report")


def test_what_goes_wrong_is_told_on_the_page(windows, tmp_path):
    windows.expected += ["status of 4"]
    page = windows.open()
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#trouble")).to_have_text("Paste an article first, or choose a file.")
    (tmp_path / "a.txt").write_bytes(b"\0\1\2 binary \0")
    page.set_input_files("#files", tmp_path / "a.txt")
    expect(page.locator("#trouble")).to_contain_text("A.txt: ")
    expect(page.locator("#result")).to_be_hidden()
    classify(page, TEXT)
    expect(page.locator("#trouble")).to_be_hidden()
    page.goto(windows.url + "compare")
    page.set_input_files("#files", outlets(tmp_path)[:2])
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#trouble")).to_contain_text("The outlet of 2 of 2 articles is unknown")
    page.context.set_offline(True)
    windows.expected.append("ERR_INTERNET_DISCONNECTED")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#trouble")).to_contain_text("The server does not answer.")


def test_axe_finds_nothing_on_any_page(windows, tmp_path):
    page = windows.open(reduced_motion="reduce")
    for path in ("", "compare", "report"):
        page.goto(windows.url + path)
        if path == "":
            classify(page, f"{TEXT} {ODD}")
            page.locator(".unit").nth(1).focus()
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        elif path == "compare":
            page.set_input_files("#files", outlets(tmp_path))
            for i in range(4):
                page.get_by_label(f"Outlet of {i}.txt").fill(f"Outlet {i % 2}")
            page.get_by_role("button", name="Compare").click()
            expect(page.locator("#open")).to_be_visible(timeout=COMPARED)
        for size, scheme in ((WIDE, "light"), (NARROW, "dark")):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            assert [(path, v["id"], v["nodes"][0]["html"]) for v in found] == []
            root = "document.documentElement"
            assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0
