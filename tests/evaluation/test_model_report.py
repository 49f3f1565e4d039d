import json

import pytest

from stance.errors import DataError
from stance.evaluation.model_report import model_report
from stance.evaluation.scores import score
from stance.report.machine import to_json
from tests.builders import labeled_corpus
from tests.evaluation.units import BOOK


def test_a_report_judges_only_articles_that_the_model_never_learned_from(model):
    new = labeled_corpus(7, seed=9)
    report = model_report([*labeled_corpus(), *new], model, BOOK, seed=1)
    assert (report.n_known, report.n_articles, report.n_units) == (12, 7, 84)
    assert [e.model for e in report.evaluations] == ["majority", "VADER", "cues", model.reference]
    rows = model.classifier.predict_proba([e.unit for e in new])
    assert report.evaluations[-1].scores == score(new, rows, BOOK, seed=1)
    assert {s.by for s in report.slices} == {"voice", "outlet", "length"}


def test_a_report_on_known_articles_alone_is_refused(model):
    with pytest.raises(DataError, match="learned from every labeled article"):
        model_report(labeled_corpus(), model, BOOK, seed=1)


def test_the_report_survives_json_without_a_number_that_json_lacks(model):
    report = model_report(labeled_corpus(2, 3, seed=9), model, BOOK, seed=1)
    data = json.loads(to_json(report), parse_constant=lambda name: pytest.fail(name))
    assert data["model"] == model.reference
    assert data["card"]["name"] == "ferry"
    assert data["ablations"][0]["difference"]["p_value"] == 1
