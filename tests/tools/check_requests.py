"""Judges requests that Logmark sent, by AWS's own code (botocore): is each signed as it computes, and what its model allows?

Arguments: secret key, region. Reads one recorded request a line: {"method", "url", "headers": [[name, value], …], "body"
(base64)}. Answers each with one line: "ok", or what is wrong.
"""

import base64
import json
import sys

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

SECRET, REGION = sys.argv[1:]
MODEL = botocore.session.get_session().get_service_model("logs")


def signature_fault(method, url, headers, body):
    given = headers.get("authorization", "")
    scheme, _, fields = given.partition(" ")
    fields = dict(field.split("=", 1) for field in fields.split(", "))
    key, _, scope = fields["Credential"].partition("/")
    time = headers["x-amz-date"]
    if scheme != "AWS4-HMAC-SHA256" or scope != f"{time[:8]}/{REGION}/logs/aws4_request":
        return f"scheme {scheme}, scope {scope}"
    signed = fields["SignedHeaders"].split(";")
    for name in ("host", "x-amz-date", "x-amz-target", "content-type"):
        if name not in signed:
            return f"{name} is not signed"
    request = AWSRequest(method=method, url=url, data=body, headers={name: headers[name] for name in signed})
    request.context["timestamp"] = time
    auth = SigV4Auth(Credentials(key, SECRET), "logs", REGION)
    canonical = auth.canonical_request(request)
    if canonical.split("\n")[-2] != fields["SignedHeaders"]:
        return f"botocore would sign {canonical.splitlines()[-2]}"
    if auth.signature(auth.string_to_sign(request, canonical), request) != fields["Signature"]:
        return "the signature differs"
    return None


def body_fault(headers, body):
    service, _, name = headers["x-amz-target"].partition(".")
    if service != MODEL.metadata["targetPrefix"]:
        return f"target prefix {service}"
    if headers["content-type"] != f"application/x-amz-json-{MODEL.metadata['jsonVersion']}":
        return f"content type {headers['content-type']}"
    shape = MODEL.operation_model(name).input_shape
    parameters = json.loads(body)
    unknown = set(parameters) - set(shape.members)
    if unknown:
        return f"unknown to the model: {sorted(unknown)}"
    report = ParamValidator().validate(parameters, shape)
    return report.generate_report() if report.has_errors() else None


for line in sys.stdin:
    try:
        seen = json.loads(line)
        headers, body = dict(seen["headers"]), base64.b64decode(seen["body"])
        fault = signature_fault(seen["method"], seen["url"], headers, body) or body_fault(headers, body)
        print((fault or "ok").replace("\n", " "), flush=True)
    except Exception as error:  # the test that asked is to fail with it
        print(repr(error).replace("\n", " "), flush=True)
