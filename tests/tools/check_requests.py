"""Checks Logmark's exchanges with AWS by AWS's own code (botocore): is each request signed as botocore computes, and valid by its
model of the service? Is the answer valid, if there is one?

Arguments: secret key, region. Reads one recorded exchange a line: {"method", "url", "headers": [[name, value], …], "body"
(base64)} and, where the answer is to be judged as well, {"status", "answer" (base64)}. Answers each with one line: "ok", or
the error.
"""

import base64
import json
import re
import sys
from urllib.parse import parse_qsl

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

SECRET, REGION = sys.argv[1:]
SESSION = botocore.session.get_session()
MODELS = {model.metadata.get("targetPrefix", name): model for name in ("logs", "service-quotas", "sts")
          for model in [SESSION.get_service_model(name)]}
# Errors of all operations ("Common Errors" of each service's reference).
COMMON_ERRORS = {"ThrottlingException", "UnknownOperationException", "SerializationException", "InvalidSignatureException",
                 "AccessDeniedException", "InternalFailure"}


def call_of(headers, body):
    """The operation's model and its parameters."""
    target = headers.get("x-amz-target")
    if target is None:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        model = MODELS["sts"]
        assert form.pop("Version") == model.api_version, form
        return model, model.operation_model(form.pop("Action")), form
    prefix, _, name = target.partition(".")
    model = MODELS[prefix]
    return model, model.operation_model(name), json.loads(body)


def signature_fault(model, method, url, headers, body):
    given = headers.get("authorization", "")
    scheme, _, fields = given.partition(" ")
    fields = dict(field.split("=", 1) for field in fields.split(", "))
    key, _, scope = fields["Credential"].partition("/")
    time = headers["x-amz-date"]
    if scheme != "AWS4-HMAC-SHA256" or scope != f"{time[:8]}/{REGION}/{model.signing_name}/aws4_request":
        return f"scheme {scheme}, scope {scope}"
    signed = fields["SignedHeaders"].split(";")
    for name in ("host", "x-amz-date", "x-amz-target", "x-amz-security-token", "content-type"):
        if name in headers and name not in signed:
            return f"{name} is not signed"
    request = AWSRequest(method=method, url=url, data=body, headers={name: headers[name] for name in signed})
    request.context["timestamp"] = time
    auth = SigV4Auth(Credentials(key, SECRET), model.signing_name, REGION)
    canonical = auth.canonical_request(request)
    if canonical.split("\n")[-2] != fields["SignedHeaders"]:
        return f"botocore would sign {canonical.splitlines()[-2]}"
    if auth.signature(auth.string_to_sign(request, canonical), request) != fields["Signature"]:
        return "the signature differs"
    return None


def request_fault(model, operation, headers, parameters):
    form = {"json": f"application/x-amz-json-{model.metadata.get('jsonVersion')}", "query": "application/x-www-form-urlencoded"}
    if headers["content-type"] != form[model.metadata["protocol"]]:
        return f"content type {headers['content-type']}"
    return value_fault(operation.input_shape, parameters)


def answer_fault(operation, status, answer):
    if status == 200:
        return value_fault(operation.output_shape, json.loads(answer))
    error = json.loads(answer)["__type"]
    if error not in {shape.name for shape in operation.error_shapes} | COMMON_ERRORS:
        return f"{operation.name} does not answer with {error}"
    return None


def value_fault(shape, value):
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        return report.generate_report()
    return strict_fault(shape, value, shape.name)


def strict_fault(shape, value, place):
    """Constraints that botocore's validator leaves to the service: enumerations, patterns, lengths."""
    if shape.type_name == "structure":
        parts = [(shape.members[name], member, f"{place}.{name}") for name, member in value.items()]
    elif shape.type_name == "list":
        parts = [(shape.member, member, f"{place}[{index}]") for index, member in enumerate(value)]
    elif shape.type_name == "map":
        parts = [(part, member, f"{place}.{key}") for key, item in value.items() for part, member in
                 ((shape.key, key), (shape.value, item))]
    else:
        parts = []
    if shape.type_name == "string":
        if "enum" in shape.metadata and value not in shape.metadata["enum"]:
            return f"{value!r} is no {shape.name} in {place}"
        if "pattern" in shape.metadata and not re.fullmatch(shape.metadata["pattern"], value):
            return f"{value!r} does not match {shape.metadata['pattern']} in {place}"
        if len(value) > shape.metadata.get("max", len(value)):
            return f"{len(value)} characters, at most {shape.metadata['max']} in {place}"
    return next(filter(None, (strict_fault(*part) for part in parts)), None)


def fault_of(seen):
    headers, body = dict(seen["headers"]), base64.b64decode(seen["body"])
    model, operation, parameters = call_of(headers, body)
    fault = signature_fault(model, seen["method"], seen["url"], headers, body) or request_fault(
        model, operation, headers, parameters)
    if fault is None and "answer" in seen:
        fault = answer_fault(operation, seen["status"], base64.b64decode(seen["answer"]))
        fault = fault and f"the answer: {fault}"
    return fault


for line in sys.stdin:
    try:
        print((fault_of(json.loads(line)) or "ok").replace("\n", " "), flush=True)
    except Exception as error:  # fails the test of this call
        print(repr(error).replace("\n", " "), flush=True)
