"""The served document, judged by a linter that did not write it."""

import json

from support import node
from support.openapi import document

LINTER = "node_modules/@redocly/cli/bin/cli.js"
SECONDS = 120


def lint(path, content):
    """The linter's counts and messages with its recommended rules."""
    path.write_text(json.dumps(content))
    done = node.run(LINTER, "lint", str(path), "--extends=recommended", "--format=json", seconds=SECONDS)
    report = json.loads(done.stdout)
    assert (done.returncode == 0) == (report["totals"]["errors"] == 0), done.stderr
    return report["totals"], [f"{each['ruleId']}: {each['message']}" for each in report["problems"]]


def test_the_document_is_of_openapi_3_1(document):
    assert document.content["openapi"].startswith("3.1.")
    assert document.content["info"]["title"] == "Veil API"


def test_no_error_and_no_warning(document, tmp_path):
    totals, problems = lint(tmp_path / "openapi.json", document.content)
    assert problems == []
    assert totals == {"errors": 0, "warnings": 0, "ignored": 0}


def test_the_linter_sees_faults(document, tmp_path):
    content = dict(document.content)
    content["paths"] = {"/x/{id}": {"get": {"responses": {"200": {"$ref": "#/components/responses/Nothing"}}}}}
    totals, problems = lint(tmp_path / "openapi.json", content)
    assert totals["errors"] >= 2 and totals["warnings"] >= 1, problems
