"""The description of the API that it serves of itself: OpenAPI 3.1, written by hand, held by tests.

What a comparison holds is told by docs/comparison-json.md: its `schema` number is the contract, and
here it is an object with the keys that every reader starts from.
"""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from stance.codebook import Codebook
from stance.web.work import Limits

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
CHANCE: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
TEXTS: Schema = {"type": "array", "items": TEXT}
UNIT_NOTE = (
    "One unit, in the columns of `stance classify`. Offsets are code points into the article as it "
    "came. Columns of tasks that the model cannot do are null."
)


def openapi(limits: Limits, codebook: Codebook) -> Schema:
    """Return the description of the API under these limits and for this codebook."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "stance",
            "version": version("stance"),
            "description": (
                "Stance and sentiment of news, sentence by sentence, toward the target of one "
                f"codebook. At most {limits.n_bytes:,} bytes, {limits.n_articles:,} articles of "
                f"{limits.n_characters:,} characters and {limits.n_units:,} units a request; "
                f"{limits.seconds:g} s; {limits.n_requests} requests at a time."
            ),
        },
        "security": [{"token": []}],
        "paths": {
            "/api/classify": {
                "post": _asking(
                    "Label every unit of articles, with probabilities.",
                    "Classified",
                    "ClassifiedLine",
                )
            },
            "/api/compare": {
                "post": _asking(
                    "Compare how outlets frame the target; every article needs an outlet.",
                    "Comparison",
                    "ComparisonLine",
                )
            },
            "/api/health": {"get": _telling("Whether it answers, and what it runs.", "Health")},
            "/api/openapi.json": {"get": _telling("This description.", "Description")},
        },
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The last part of the address that stance printed.",
                }
            },
            "schemas": _schemas(limits, codebook),
        },
    }


def _asking(summary: str, answer: str, line: str) -> Schema:
    return {
        "summary": summary,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref("Request")}},
        },
        "responses": {
            "200": {
                "description": (
                    "Done. Line by line, an event each, where Accept names application/x-ndjson; "
                    "a failure after the first line is an event 'error'."
                ),
                "content": {
                    "application/json": {"schema": _ref(answer)},
                    "application/x-ndjson": {"schema": _ref(line)},
                },
            },
            **_failures(
                {
                    "413": "Too many bytes, articles, characters or units.",
                    "422": "Not a request, or an article that cannot be used: says where.",
                    "500": "Something went wrong in the server.",
                    "503": "Too many requests wait, or it took too long: ask again.",
                }
            ),
        },
    }


def _telling(summary: str, answer: str) -> Schema:
    content = {"application/json": {"schema": _ref(answer)}}
    return {
        "summary": summary,
        "responses": {"200": {"description": "Told.", "content": content}, **_failures({})},
    }


def _failures(more: Mapping[str, str]) -> Schema:
    words = {
        "401": "No token, or a wrong one.",
        "403": "A web page of another origin asks.",
        "421": "Asked under a name that is not this machine's own.",
        **more,
    }
    content = {"application/json": {"schema": _ref("Error")}}
    return {status: {"description": words[status], "content": content} for status in sorted(words)}


def _schemas(limits: Limits, codebook: Codebook) -> Schema:
    article = _object(
        {
            "text": {**TEXT, "maxLength": limits.n_characters},
            "title": TEXT,
            "source": {**TEXT, "description": "The outlet."},
            "date": {**TEXT, "description": "Such as 2026-02-14."},
            "url": TEXT,
            "id": {**TEXT, "description": "Names the article in the answer."},
        },
        optional=("title", "source", "date", "url", "id"),
    )
    abstain = {
        "type": "number",
        "minimum": 0.005,
        "maximum": 0.5,
        "description": "Mark units whose stance stays open at this level; classify only.",
    }
    file = _object(
        {
            "name": {**TEXT, "description": "A relative path; a folder names the outlet."},
            "base64": {**TEXT, "contentEncoding": "base64"},
            "source": {**TEXT, "description": "The outlet, where the file does not say it."},
        },
        optional=("source",),
    )
    several = {"type": "array", "minItems": 1, "maxItems": limits.n_articles}
    told_article = _object(
        {
            "article_id": TEXT,
            "source": TEXT_OR_NULL,
            "title": TEXT_OR_NULL,
            "date": TEXT_OR_NULL,
            "sha256": TEXT,
            "n_units": COUNT,
            "n_repairs": COUNT,
        }
    )
    unit = _unit(codebook)
    about = {"target": TEXT, "model": TEXT, "codebook": TEXT, "n_articles": COUNT}
    start = _event("start", _object({**about, "n_units": COUNT, "notices": TEXTS}))
    end = {"n_units": COUNT, "seconds": {"type": "number", "minimum": 0}}
    report = {**TEXT, "description": "The report's address while the server runs, for a browser."}
    error = _event("error", _object({"error": TEXT}))
    return {
        "Request": {
            "oneOf": [
                {
                    **article,
                    "properties": {**article["properties"], "abstain": abstain},
                },
                _object(
                    {"articles": {**several, "items": _ref("Article")}, "abstain": abstain},
                    optional=("abstain",),
                ),
                _object(
                    {"files": {**several, "items": _ref("File")}, "abstain": abstain},
                    optional=("abstain",),
                ),
            ]
        },
        "Article": {**article, "additionalProperties": True},
        "File": file,
        "Unit": unit,
        "Classified": _object(
            {
                **about,
                **end,
                "notices": TEXTS,
                "articles": {"type": "array", "items": told_article},
                "units": {"type": "array", "items": _ref("Unit")},
            }
        ),
        "ClassifiedLine": {
            "oneOf": [
                start,
                _event("article", told_article),
                _event("unit", unit),
                _event("end", _object(end)),
                error,
            ]
        },
        "Comparison": {
            "type": "object",
            "description": (
                "As `stance compare --json` writes it, with notices where there are any and the "
                "answer comes whole."
            ),
            "properties": {
                "schema": COUNT,
                "answer": TEXT,
                "target": TEXT,
                "codebook": TEXT,
                "models": TEXTS,
                "corpus": {"type": "object"},
                "mixes": {"type": "array", "items": {"type": "object"}},
                "caveats": TEXTS,
                "units": {"type": "array", "items": {"type": "object"}},
                "notices": TEXTS,
            },
            "required": [
                *("schema", "answer", "target", "codebook", "models", "corpus", "mixes"),
                *("caveats", "units"),
            ],
        },
        "ComparisonLine": {
            "oneOf": [
                start,
                _event("article", told_article),
                _event("end", _object({**end, "report": report, "comparison": _ref("Comparison")})),
                error,
            ]
        },
        "Health": _object(
            {
                "status": {"const": "ok"},
                "version": TEXT,
                "model": TEXT,
                "codebook": TEXT,
                "n_requests": {**COUNT, "description": "Under way or waiting."},
                "limits": _object(
                    {
                        **dict.fromkeys(
                            ("n_bytes", "n_articles", "n_characters", "n_units", "n_requests"),
                            COUNT,
                        ),
                        "seconds": {"type": "number"},
                    }
                ),
            }
        ),
        "Description": {
            "type": "object",
            "properties": {"openapi": {"const": "3.1.0"}, "paths": {"type": "object"}},
            "required": ["openapi", "info", "paths", "components"],
        },
        "Error": _object(
            {"error": {**TEXT, "description": "What is wrong, where, and what to do."}}
        ),
    }


def _unit(codebook: Codebook) -> Schema:
    """Return the schema of one unit's row: a column a task and label of the codebook."""
    columns: Schema = {
        "article_id": TEXT,
        "source": TEXT_OR_NULL,
        "date": TEXT_OR_NULL,
        "sha256": TEXT,
        "unit_id": TEXT,
        "index": COUNT,
        "kind": TEXT,
        "start": COUNT,
        "end": COUNT,
        "text": TEXT,
    }
    for task in codebook.tasks:
        columns[task.name] = {"enum": [*task.classes, None]}
        columns |= {f"{task.name}_{label}": CHANCE for label in task.classes}
    columns |= {
        "abstained": {"type": ["boolean", "null"]},
        "model": {**TEXT, "description": "+held-out where the model had learned from the unit."},
        "codebook": TEXT,
        "new_paragraph": {"type": "boolean"},
    }
    return {**_object(columns), "description": UNIT_NOTE}


def _object(properties: Schema, *, optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _event(kind: str, schema: Schema) -> Schema:
    """Return the schema of a line: what it is of, then what it says."""
    return {
        **schema,
        "properties": {"event": {"const": kind}, **schema["properties"]},
        "required": ["event", *schema["required"]],
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
