import re
from dataclasses import replace

import pytest

from stance.classifiers.cards import TRIALS
from stance.evaluation.behaviour import FamilyScore, Missed
from stance.evaluation.model_report import model_report
from stance.evaluation.paired import compare_models
from stance.records import Label
from stance.report.evaluation_page import render_evaluation
from stance.report.evaluation_tables import print_model_report
from stance.report.terminal import console
from stance.statistics.intervals import Estimate
from tests.builders import labeled_corpus
from tests.chromium import launched, needs_chromium
from tests.evaluation.units import BOOK
from tests.report.test_page import HOSTILE, Tags

SHARE = Estimate(value=0.5, low=0.2, high=0.8, n_articles=4, n_units=8)


def whole_report(model, text="The pier is open."):
    """Return a report with every part, a text of ours wherever one comes from outside."""
    examples = labeled_corpus(8, seed=9)
    examples = [
        replace(
            e, source=text if e.source == "Outlet 0" else e.source, date=f"2026-01-0{i % 8 + 1}"
        )
        for i, e in enumerate(examples)
    ]
    labels = [
        Label(
            unit_id=e.unit.id,
            article_id=e.unit.article_id,
            sha256=e.sha256,
            start=e.unit.start,
            end=e.unit.end,
            labels=e.labels,
            annotators={text: e.labels, "two": {"stance": "neutral"}},
            codebook=BOOK.reference,
        )
        for e in examples
    ]
    missed = Missed(unit_id=text, text=text, expected="neutral", predicted="skeptical")
    family = FamilyScore(
        family=text, task="stance", passed=SHARE, n_groups=4, n_whole=2, missed=(missed,)
    )
    report = model_report(
        examples,
        model,
        BOOK,
        seed=1,
        labels=labels,
        behaviour=[family],
        against=[replace(c, right=text) for c in compare_models(examples, model, model, BOOK, 1)],
    )
    card = replace(report.card, name=text, settings={text: [text]}, versions={text: text})
    return replace(report, model=text, target=text, card=card)


def parsed(report):
    page = render_evaluation(report, BOOK, command="stance evaluate ferry")
    tags = Tags()
    tags.feed(page)
    return page, tags


def test_the_page_opens_with_the_answer_and_shows_every_part(model):
    report = whole_report(model)
    _, tags = parsed(report)
    words = " ".join(" ".join(tags.text).split())
    score = report.evaluations[-1].scores["stance"].macro_f1
    answer = f"reads stance with a macro-F1 of {score.value:.2f}"
    parts = (
        *("Beside the floors", "against The pier is open.", "Beside the annotators"),
        *("Which labels it confuses", "Does it merely repeat sentiment?"),
        *("What it reads beside the unit", "Parts of the units", "The behaviour set"),
        *("The model's card", "How this page was made"),
    )
    places = [words.index(part) for part in (answer, *parts)]
    assert places == sorted(places)


def test_a_part_that_was_not_measured_is_left_out(model):
    bare = replace(whole_report(model), ceilings=(), behaviour=(), against=(), sentiment=None)
    _, tags = parsed(bare)
    ids = {value for name, value in tags.attributes if name == "id"}
    assert not {"annotators", "behaviour", "against", "sentiment"} & ids
    assert {"scores", "labels", "reads", "parts", "card", "method"} <= ids


def test_a_diagram_stands_in_its_square_and_says_in_words_what_it_draws(model):
    report = whole_report(model)
    page, _ = parsed(report)
    circles = re.findall(r'class="dot" cx="([\d.]+)" cy="([\d.]+)"', page)
    bins = [b for of_task in report.reliability.values() for b in of_task]
    assert len(circles) == len(bins)
    for (x, y), b in zip(circles, bins, strict=True):
        assert float(x) == pytest.approx(46 + 240 * b.confidence, abs=0.1)
        assert float(y) == pytest.approx(250 - 240 * b.accuracy.value, abs=0.1)
        assert f"right {b.accuracy.value:.0%}" in page


def test_the_card_shows_what_was_held_out_in_training(model):
    report = whole_report(model)
    page, _ = parsed(report)
    table = page[page.index("Table of scores held out in training") :]
    rows = re.findall(r'<tr><th scope="row">(\w+)</th><td>(\w+)</td><td>\s*([\d.]+)', table)
    wanted = [
        (by, task, f"{scores['macro_f1']['value']:.2f}")
        for by, tasks in report.card.held_out.items()
        for task, scores in tasks.items()
    ]
    assert {by for by, *_ in wanted} == {"article", "outlet"}
    assert rows == wanted
    assert "fitted on the very units held out by article" in page
    settings = {TRIALS: 8}
    page, _ = parsed(replace(report, card=replace(report.card, kind="onnx", settings=settings)))
    assert "before its export" in page
    assert "best of 8 trials" in page


def test_a_confusion_table_shows_the_counts(model):
    report = whole_report(model)
    page, _ = parsed(report)
    table = page[page.index('<table class="confusion">') :]
    cells = re.findall(r'<td class="h\d">(\d+)<', table[: table.index("</table>")])
    confusion = report.evaluations[-1].scores["stance"].confusion
    assert [int(n) for n in cells] == [n for row in confusion for n in row]


def test_the_page_holds_no_script_and_asks_for_nothing_from_outside(model):
    page, tags = parsed(whole_report(model))
    assert not {"script", "img", "link", "iframe", "object", "form"} & tags.tags
    assert "default-src 'none'" in page
    assert not any(name in {"src", "href", "style"} for name, _ in tags.attributes)
    assert not any(name.startswith("on") for name, _ in tags.attributes)
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_adds_no_tag_and_no_control_character(model, hostile):
    clean = parsed(whole_report(model))[1]
    page, tags = parsed(whole_report(model, hostile))
    assert tags.tags == clean.tags
    assert {name for name, _ in tags.attributes} == {name for name, _ in clean.attributes}
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_the_terminal_tells_every_part_too(model, capsys):
    report = whole_report(model, "\x1b[31m[red]x[/red]")
    print_model_report(console(), report)
    out = capsys.readouterr().out
    for start in (
        *("new ", "held out when it was trained", "beside the annotators"),
        *("stance: units by label", "stance and sentiment"),
        *("parts of the units", "context off", "target masked: something", "target swapped: "),
        *("the behaviour set", f"{model.reference} against "),
    ):
        assert any(line.startswith(start) for line in out.splitlines()), start
    assert "\x1b" not in out
    (heads,) = [line for line in out.splitlines() if line.startswith("task       score")]
    assert "\\x1b[31m[red]x[/red]" in heads


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_narrow_screen_and_has_no_fault_that_axe_finds(model, tmp_path, scheme):
    from axe_playwright_python.sync_playwright import Axe

    path = tmp_path / "page.html"
    path.write_text(parsed(whole_report(model))[0], encoding="utf-8")
    with launched() as browser:
        page = browser.new_page(
            viewport={"width": 390, "height": 844}, color_scheme=scheme, bypass_csp=True
        )
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
