import base64
import json
import re
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from stance.report.charts_svg import shown
from stance.report.machine import spreadsheet_safe, to_json
from stance.report.page import render_page
from tests.report.comparisons import BOOK, HOSTILE, comparison, small, spoiled

COMMAND = "stance compare seeds/articles -o report.html"
MOST_BYTES = 2**20  # of a page of 10 outlets and 200 articles


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text, self.n = set(), [], [], 0

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.n += 1
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)

    def named(self, name):
        return [value for key, value in self.attributes if key == name]


def parsed(result, codebook=BOOK, **options):
    page = render_page(result, codebook, command=COMMAND, **options)
    tags = Tags()
    tags.feed(page)
    return page, tags


@pytest.fixture(scope="module")
def page():
    return parsed(comparison())


def section(page, name):
    start = page.index(f'<section id="{name}"')
    return page[start : page.find('<section id="', start + 1)]


def row(part, outlet):
    return next(r for r in re.findall("<tr.*?</tr>", part, re.S) if f">{outlet}</th>" in r)


def test_the_page_goes_from_the_answer_to_the_command_in_the_order_agreed(page):
    result = comparison()
    html, _ = page
    parts = ("mix", "pairs", "agreement", "leanings", "left-out", "claims", "weeks", "articles")
    words = [
        *("<h1", result.answer.replace("'", "&#39;"), 'class="answers"', 'id="basis"'),
        *(f'<section id="{name}"' for name in (*parts, "model")),
        *(result.caveats[0], "Wilson limits", COMMAND),
    ]
    places = [html.index(word) for word in words]
    assert places == sorted(places)


def test_every_sentence_stands_in_its_article_once(page):
    result = comparison()
    _, tags = page
    html = section(page[0], "articles")
    assert len(re.findall("<i class=k", html)) == len(result.units)
    words = " ".join("".join(tags.text).split())
    for unit in result.units:
        assert shown(unit.text) in words


def test_every_link_leads_to_something_on_the_page(page):
    _, tags = page
    ids = tags.named("id")
    links = tags.named("href")
    assert len(ids) == len(set(ids))
    assert all(link.startswith("#") for link in links)
    assert {link[1:] for link in links} <= set(ids)
    assert len(links) > 300


def test_a_share_leads_to_sentences_of_its_outlet_label_and_voice(page):
    result = comparison()
    html = section(page[0], "mix")
    place = dict(re.findall(r'<option value="(o\d+)">([^<]+)</option>', page[0]))
    place = {name: code for code, name in place.items()}
    for mix in result.mixes:
        if mix.task != "stance":
            continue
        voice = {None: "", "author": "-C0", "attributed": "-C1"}[mix.voice]
        for outlet in mix.outlets:
            for code in ("A0", "A1", "A2"):
                assert f'href="#{place[outlet.outlet]}-{code}{voice}"' in html


def test_a_corrected_share_is_the_headline_and_the_counted_one_stands_beside_in_grey(page):
    outlet = comparison().mixes[0].outlets[1]
    share = outlet.shares["skeptical"]
    cell = row(section(page[0], "mix"), outlet.outlet).split("<td>")[-1]
    assert f">{share.corrected.value:.0%}</a>" in cell
    assert f'class="soft" data-h="counted">counted {share.counted.value:.0%}' in cell
    assert "errors" not in cell


def test_without_labels_the_counted_share_stands_with_its_error_band():
    result = comparison(corrected=False)
    outlet = result.mixes[0].outlets[1]
    share = outlet.shares["skeptical"]
    html, tags = parsed(result)
    cell = row(section(html, "mix"), outlet.outlet).split("<td>")[-1]
    assert f">{share.counted.value:.0%}</a>" in cell
    assert f"errors {share.band[0]:.0%} to {share.band[1]:.0%}" in cell
    assert result.sample.remedy in "".join(tags.text)
    assert "not corrected" in section(html, "basis")


def test_a_matrix_tells_distance_chance_and_adjusted_p_of_each_pair(page):
    pairs = comparison().mixes[0].pairs
    cells = re.findall(r'<td class="d\d">(.*?)</td>', section(page[0], "pairs"))
    told = Counter(re.sub(" +", " ", re.sub("<[^>]+>", " ", cell)).strip() for cell in cells)
    for pair in pairs:
        chance = f"{pair.distance.null_mean:.2f}"
        words = f"{pair.distance.value:.2f} p {pair.p_holm:.2g} chance {chance}"
        assert told[words]
    assert len(cells) == 2 * len(pairs)  # the second matrix: labels on shared claims


def test_of_many_outlets_the_farthest_pairs_come_first_and_the_matrix_is_folded():
    html, _ = parsed(comparison(n_outlets=14, n_articles=28, voices=False, event=False))
    part = section(html, "pairs")
    assert part.index("Table of the farthest pairs") < part.index("All 91 pairs as a matrix")
    rows = part[: part.index("<details>")].count('<tr id="p')
    assert rows == 15


def test_agreement_stands_beside_what_full_agreement_would_show(page):
    found = comparison().agreement[0]
    part = section(page[0], "agreement")
    cells = row(part, "all units")
    for value in (found.nominal.value, found.ceiling.perfect, found.ceiling.corrected.value):
        assert f"<td>{value:.2f}<small>" in cells


def test_without_text_the_page_tells_places_and_hashes_and_says_so():
    result = comparison()
    _, tags = parsed(result, text=False)
    words = " ".join("".join(tags.text).split())
    assert "holds no word of the articles" in words
    texts = {shown(u.text) for u in result.units if len(u.text) > 25}
    assert not [text for text in texts if text in words]
    assert not [u.title for u in result.units if u.title and shown(u.title) in words]
    assert not [c.title for c in result.alignment.claims if shown(c.title) in words]
    unit = result.units[3]
    assert f"{unit.start}–{unit.end} {sha256(unit.text.encode()).hexdigest()[:12]}" in words
    assert unit.article_id in words


def test_the_policy_allows_our_own_style_and_script_and_nothing_else(page):
    html, tags = page
    (policy,) = [v for v in tags.named("content") if "default-src" in v]
    for kind, tag in (("style-src", "style"), ("script-src", "script")):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.S)
        digest = base64.b64encode(sha256(inside.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert not {"img", "link", "iframe", "object", "form", "base"} & tags.tags
    assert not [n for n, _ in tags.attributes if n in {"src", "style"} or n.startswith("on")]
    script = re.search("<script>(.*)</script>", html, re.S)[1]
    assert "http" not in html.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"\beval\b|innerHTML|Function\(|document\.write|fetch|import\(", script)
    assert len(script) < 12_000


@pytest.fixture(scope="module")
def clean():
    return parsed(spoiled(small(), "x"), spoiled(BOOK, "x"))[1]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_text_adds_no_tag_no_attribute_and_no_control_character(words, clean):
    result = small()
    html, tags = parsed(spoiled(result, words), spoiled(BOOK, words))
    assert tags.tags == clean.tags
    assert {name for name, _ in tags.attributes} == {name for name, _ in clean.attributes}
    assert tags.n == clean.n
    assert len(re.findall("</(?:style|script)>", html)) == 2
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f]", html)
    plain = " ".join("".join(tags.text).split())
    assert shown(f"{words} {result.answer}") in plain


def bare():
    """Return a comparison of which hardly anything could be measured."""
    whole = small()
    mix = whole.mixes[0]
    outlets = tuple(
        replace(
            outlet,
            shares={
                label: replace(
                    share,
                    counted=replace(share.counted, low=None, high=None),
                    corrected=None,
                    band=None,
                    settled=None,
                )
                for label, share in outlet.shares.items()
            },
        )
        for outlet in mix.outlets
    )
    nothing = replace(
        whole.agreement[0],
        **dict.fromkeys(("nominal", "ordinal", "percent", "gwet_ac1", "fleiss", "ceiling")),
        n_claims=0,
        pairs=(),
        disagreements={},
    )
    return replace(
        whole,
        mixes=(replace(mix, outlets=outlets, pairs=(), same_mix_p=None, corrected_p=None),),
        alignment=replace(whole.alignment, claims=(), checked=None, stability=None, n_copied=0),
        agreement=(nothing,),
        effects=(),
        selection=(),
        timeline=replace(whole.timeline, weeks=(), event=None, around=()),
        refusals=(),
        caveats=(),
        methods={},
        model=replace(whole.model, held_out={}, confusion={}),
        copies=replace(whole.copies, groups=(), n_left_out=0),
        corpus=replace(whole.corpus, first_date=None, last_date=None, repairs={}, n_repaired=0),
        units=tuple(
            replace(u, date=None, title=None, claim=None, labels={"stance": u.labels["stance"]})
            for u in whole.units
        ),
    )


def test_what_was_not_measured_is_said_in_words():
    html, tags = parsed(bare())
    words = " ".join("".join(tags.text).split())
    for said in (
        "No outlet has two articles",
        "No claim is shared by two outlets",
        "so who leans further is not measured",
        "No article has a date",
        "no article is a copy of another",
        "Which labels it takes for which is not known",
    ):
        assert said in words
    assert {link[1:] for link in tags.named("href")} - {"pairs"} <= set(tags.named("id"))
    assert 'href="#pairs"' not in html


def test_a_page_of_ten_outlets_and_two_hundred_articles_weighs_less_than_a_mebibyte():
    big = comparison(n_outlets=10, n_articles=200)
    html, _ = parsed(big)
    assert len(big.units) > 4_000
    assert len(html.encode()) < MOST_BYTES


def test_the_same_comparison_gives_the_same_page(page):
    assert parsed(comparison())[0] == page[0]


def test_json_holds_the_whole_comparison():
    result = comparison()
    data = json.loads(to_json(result))
    assert data["schema"] == 2
    assert {"answer", "corpus", "mixes", "agreement", "effects", "selection", "units"} <= set(data)
    assert len(data["units"]) == len(result.units)
    share = data["mixes"][0]["outlets"][0]["shares"]["neutral"]
    assert set(share) == {"counted", "corrected", "band", "settled"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝"])
def test_a_spreadsheet_takes_no_text_for_a_formula(start):
    row = spreadsheet_safe({"text": f"{start}1+1", "n": -3, "plain": "ferry"})
    assert row == {"text": f"'{start}1+1", "n": -3, "plain": "ferry"}
