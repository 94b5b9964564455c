"""The document that a server serves, and whether an answer is what it says. `document` is a fixture to be imported."""

import copy

import jsonschema
import pytest

from support import raw_http

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
JSON = "application/json"


@pytest.fixture(scope="module")
def document(api):
    answer = raw_http.request(api.port, "GET", "/openapi.json")
    assert answer.status == 200, answer
    return Document(answer.json())


class Operation:
    def __init__(self, method, path, spec):
        self.method, self.path, self.spec = method.upper(), path, spec
        self.route = f"{self.method} {path}"

    def __repr__(self):
        return self.route


class Document:
    def __init__(self, content):
        self.content = content
        self._strict = _closed(content)
        self.operations = [
            Operation(method, path, spec)
            for path, item in content["paths"].items()
            for method, spec in item.items()
            if method in METHODS
        ]
        self.by_route = {operation.route: operation for operation in self.operations}

    def resolve(self, node, root=None):
        """What a $ref means, or the node itself."""
        while "$ref" in node:
            found = self.content if root is None else root
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def security(self, operation):
        """The one security scheme of an operation, or None."""
        required = operation.spec.get("security", self.content.get("security", []))
        if not required:
            return None
        ((name, _),) = required[0].items()
        return self.content["components"]["securitySchemes"][name]

    def body_schema(self, operation):
        """The schema of the JSON body of an operation, or None."""
        body = self.resolve(operation.spec.get("requestBody", {"content": {}}))
        return self.resolve(body["content"][JSON]["schema"]) if JSON in body["content"] else None

    def successes(self, operation):
        return {int(status) for status in operation.spec["responses"] if status.startswith("2")}

    def fits(self, schema, value):
        return self._validator(schema, self.content).is_valid(value)

    def assert_documented(self, operation, answer):
        """Status, headers, media type and body are ones that the document names; nothing else is in the body."""
        said = f"{operation} answered {answer}"
        responses = operation.spec["responses"]
        assert str(answer.status) in responses, f"a status that is not documented: {said}"
        root = self._strict
        path, method = operation.path, operation.method.lower()
        response = self.resolve(root["paths"][path][method]["responses"][str(answer.status)], root)
        for name, header in response.get("headers", {}).items():
            if self.resolve(header, root).get("required"):
                assert answer.header(name) is not None, f"no {name}: {said}"
        media = (answer.header("content-type") or "").split(";")[0]
        content = response.get("content", {})
        assert media in content or (media and "*/*" in content), f"a media type that is not documented: {said}"
        if media != JSON:
            return
        schema, body = content[JSON]["schema"], answer.json()
        errors = [error.message for error in self._validator(schema, root).iter_errors(body)]
        assert not errors, f"{errors}: {said}"
        if answer.status >= 400 and isinstance(body.get("detail"), str):
            assert body["detail"] in self._details(schema, root), f"a detail that is not documented: {said}"

    @staticmethod
    def _validator(schema, root):
        return jsonschema.Draft202012Validator({**schema, "components": root["components"]})

    def _details(self, schema, root):
        schema = self.resolve(schema, root)
        known = list(schema.get("properties", {}).get("detail", {}).get("enum", []))
        for each in schema.get("anyOf", []):
            known += self._details(each, root)
        return known


def _closed(node):
    """A copy in which no object may have members that its schema does not name."""
    node = copy.deepcopy(node)

    def close(inner):
        if isinstance(inner, dict):
            if inner.get("type") == "object" and isinstance(inner.get("properties"), dict):
                inner.setdefault("additionalProperties", False)
            for value in inner.values():
                close(value)
        elif isinstance(inner, list):
            for value in inner:
                close(value)

    close(node)
    return node
