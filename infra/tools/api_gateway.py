"""Writes infra/api-gateway/openapi.json, Logmark's routes as API Gateway imports them, from openapi/openapi.json.

API Gateway reads OpenAPI 3.0 and not all of it, and needs of it only paths, methods and integrations: texts, schemas and
examples stay in Logmark's own document, which it serves at /openapi.json. `--check` writes nothing and exits with 1 when the
file is not what would be written.

`${region}` and `${function_arn}` are for Terraform's templatefile(), or envsubst.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TARGET = ROOT / "openapi/openapi.json", ROOT / "infra/api-gateway/openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")
# HTML pages, which are not in the API document.
PAGES = {path: {"get": {}} for path in ("/", "/docs", "/docs/{proxy+}", "/problems", "/problems/{code}")}
# Field names and values: "x-amazon-apigateway-integration object" and "Set up a Lambda proxy integration with payload response
# streaming", API Gateway Developer Guide.
INTEGRATION = {
    "type": "aws_proxy",
    "httpMethod": "POST",
    "uri": "arn:aws:apigateway:${region}:lambda:path/2021-11-15/functions/${function_arn}/response-streaming-invocations",
    "responseTransferMode": "STREAM",
    "timeoutInMillis": 900_000,
    "passthroughBehavior": "when_no_match",
}
# The gateway's own answer for an unknown path, as a problem of Logmark.
NOT_FOUND = {
    "statusCode": 404,
    "responseParameters": {"gatewayresponse.header.Content-Type": "'application/problem+json'"},
    "responseTemplates": {"application/json": json.dumps({"type": "about:blank", "title": "Not found", "status": 404, "code": "not_found"})},
}


def operation(source, path):
    parameters = [
        {"name": name.rstrip("+"), "in": "path", "required": True, "schema": {"type": "string"}} for name in re.findall(r"{([^}]+)}", path)
    ]
    made = {"operationId": source["operationId"]} if "operationId" in source else {}
    made |= {"parameters": parameters} if parameters else {}
    return made | {"responses": {"default": {"description": "Logmark's answer"}}, "x-amazon-apigateway-integration": INTEGRATION}


def path_item(source, path):
    """The path's methods, and those that Logmark also answers: HEAD with GET, OPTIONS for browsers (CORS)."""
    methods = {method: source[method] for method in METHODS if method in source}
    if "get" in methods:
        methods["head"] = {}
    methods["options"] = {}
    return {method: operation(value, path) for method, value in methods.items()}


def document(source):
    paths = {**PAGES, **source["paths"]}
    made = {
        "openapi": "3.0.1",
        "info": {"title": source["info"]["title"], "version": source["info"]["version"]},
        "x-amazon-apigateway-gateway-responses": {"MISSING_AUTHENTICATION_TOKEN": NOT_FOUND},
        "paths": {path: path_item(item, path) for path, item in sorted(paths.items())},
    }
    text = json.dumps(made, indent=2) + "\n"
    strange = set(re.findall(r"[$%]{[^}]*}", text)) - {"${region}", "${function_arn}"}
    if strange:
        raise SystemExit(f"templatefile() would take {sorted(strange)} for its own")
    return text


def main(arguments):
    text = document(json.loads(SOURCE.read_text()))
    if arguments == ["--check"]:
        if not TARGET.exists() or TARGET.read_text() != text:
            print(f"{TARGET.relative_to(ROOT)} is not what openapi/openapi.json comes to: python3 infra/tools/api_gateway.py")
            return 1
        return 0
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
