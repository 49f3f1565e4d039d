import json
from html.parser import HTMLParser

import pytest

from stance.codebook import read_codebook
from stance.comparison.compare import compare, corpus_facts
from stance.report.machine import spreadsheet_safe, to_json
from stance.report.page import render_page
from tests.builders import classified

BOOK = read_codebook()
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><b>bold</b>',
    "{{ 7 * 7 }}",
    "\u202egnihtemos",
    "\x1b[31mred\x1b[0m",
]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def comparison(outlets=("Alpha", "Beta"), text="The ferry sails from the northern harbour today."):
    units = []
    for i in range(4):
        for outlet in outlets:
            label = ("optimistic", "neutral", "skeptical")[(i + len(outlet)) % 3]
            units += classified(
                f"{text} Line {i} of it.",
                label,
                outlet=outlet,
                name=f"{outlets.index(outlet)}/{i}",
                codebook=BOOK,
            )
    facts = corpus_facts(units, {unit.unit.article_id: [] for unit in units}, 0)
    return compare(units, BOOK, corpus=facts, settled={}, held_out_scores={}, n_learned=9)


def parsed(result):
    page = render_page(result, BOOK, command="stance compare x")
    tags = Tags()
    tags.feed(page)
    return page, tags


def test_the_page_opens_with_the_answer_and_quotes_every_unit():
    result = comparison()
    _, tags = parsed(result)
    words = " ".join(tags.text)
    assert result.answer in words
    assert words.index(result.answer) < words.index("does each outlet have the same mix")
    for unit in result.units:
        assert unit.text in words


def test_every_share_leads_to_its_sentences():
    _, tags = parsed(comparison())
    ids = {value for name, value in tags.attributes if name == "id"}
    links = [value[1:] for name, value in tags.attributes if name == "href"]
    assert links
    assert set(links) <= ids


def test_the_page_holds_no_script_and_asks_for_nothing_from_outside():
    page, tags = parsed(comparison())
    assert "script" not in tags.tags
    assert not {"img", "link", "iframe", "object", "form"} & tags.tags
    assert "default-src 'none'" in page
    assert not any(name in {"src", "style"} or name.startswith("on") for name, _ in tags.attributes)
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_adds_no_tag_and_no_control_character(hostile):
    clean = parsed(comparison())[1]
    page, tags = parsed(comparison(outlets=(hostile, "Beta"), text=f"A ferry {hostile} sails."))
    assert tags.tags == clean.tags
    assert {name for name, _ in tags.attributes} <= {name for name, _ in clean.attributes}
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_json_holds_the_whole_comparison():
    data = json.loads(to_json(comparison()))
    assert data["schema"] == 1
    assert {"answer", "corpus", "mixes", "agreement", "caveats", "units"} <= set(data)
    assert len(data["units"]) == 16
    share = data["mixes"][0]["outlets"][0]["shares"]["neutral"]
    assert set(share) == {"value", "low", "high", "n_articles", "n_units"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝"])
def test_a_spreadsheet_takes_no_text_for_a_formula(start):
    row = spreadsheet_safe({"text": f"{start}1+1", "n": -3, "plain": "ferry"})
    assert row == {"text": f"'{start}1+1", "n": -3, "plain": "ferry"}
