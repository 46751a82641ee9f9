"""Calls a CloudWatch Logs endpoint with boto3, AWS's own client, and judges each answer by botocore's model of the service.

Arguments: the endpoint, the access key, the secret. Reads one call a line from standard input, as JSON:

    {"service": "logs", "operation": "put_log_events", "parameters": {…}, "gzip": true}

An operation that answers with an event stream is opened by the order {"open": "start_live_tail", "parameters": {…}}, which answers with the
first event, and read by {"read": n}, which answers with the log events of the next updates, at least n of them unless the session ends.

Answers each with one line: {"answer": …}, or {"code", "message"} when the endpoint refuses, or {"fault": …} when the answer is not
what the model allows.
"""

import gzip
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

ENDPOINT, KEY, SECRET = sys.argv[1:]
CLIENTS = {}
FAULTS = []
SCALARS = {"string": str, "integer": int, "long": int, "double": (int, float), "float": (int, float), "boolean": bool}


def judge(value, shape, place):
    """Records the members of a JSON value that the model does not define."""
    if shape.type_name == "structure":
        for name, member in value.items():
            if name not in shape.members:
                FAULTS.append(f"{place} has no member {name}")
            else:
                judge(member, shape.members[name], f"{place}.{name}")
        FAULTS.extend(f"{place} lacks {name}" for name in shape.required_members if name not in value)
    elif shape.type_name == "list":
        for item in value:
            judge(item, shape.member, place)
    elif shape.type_name == "map":
        for item in value.values():
            judge(item, shape.value, place)
    elif not isinstance(value, SCALARS[shape.type_name]) or (isinstance(value, bool) and shape.type_name != "boolean"):
        FAULTS.append(f"{place} is {value!r}, and no {shape.type_name}")


def judged(http_response, model, **_):
    if "x-amzn-requestid" not in {name.lower() for name in http_response.headers}:
        FAULTS.append("no x-amzn-requestid")
    if model.has_event_stream_output:
        return
    if model.service_model.protocol != "json" or http_response.status_code != 200:
        return
    body = http_response.content
    if model.output_shape is None or not model.output_shape.members:
        if body.strip() not in (b"", b"{}"):
            FAULTS.append(f"an answer without members has the body {body!r}")
    else:
        judge(json.loads(body), model.output_shape, model.name)


def packed(request, **_):
    """Compresses the body as the CloudWatch agent does: before the signature."""
    if request.context.get("gzip"):
        request.data = gzip.compress(request.data if isinstance(request.data, bytes) else request.data.encode())
        request.headers["Content-Encoding"] = "gzip"


def client(service):
    if service not in CLIENTS:
        config = Config(retries={"max_attempts": 1}, parameter_validation=False, inject_host_prefix=False)
        made = boto3.client(
            service,
            endpoint_url=ENDPOINT,
            region_name="eu-west-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=config,
        )
        made.meta.events.register("after-call", judged)
        made.meta.events.register("before-sign", packed)
        made.meta.events.register("before-parameter-build", lambda context, **_: context.update(gzip=GZIP))
        CLIENTS[service] = made
    return CLIENTS[service]


def call(order):
    FAULTS.clear()
    try:
        answer = getattr(client(order["service"]), order["operation"])(**order["parameters"])
    except ClientError as error:
        if FAULTS:
            return {"fault": "; ".join(FAULTS)}
        return {"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
    answer.pop("ResponseMetadata", None)
    return {"fault": "; ".join(FAULTS)} if FAULTS else {"answer": answer}


def opened(order):
    global STREAM
    answer = call({**order, "service": "logs", "operation": order["open"]})
    if "answer" not in answer:
        return answer
    STREAM = iter(answer["answer"]["responseStream"])
    return {"answer": next(STREAM)}


def read(count):
    """The log events of updates, and the error that ended the session, if any."""
    found, updates, sampled, end = [], 0, False, None
    try:
        while len(found) < count:
            update = next(STREAM, None)
            if update is None:
                end = "closed"
                break
            updates += 1
            # The AWS CLI reads both members without checking that they exist.
            sampled |= update["sessionUpdate"]["sessionMetadata"]["sampled"]
            found += update["sessionUpdate"]["sessionResults"]
    except EventStreamError as error:
        end = error.response["Error"]["Code"]
    return {"answer": {"results": found, "updates": updates, "sampled": sampled, "end": end}}


STREAM = None
for line in sys.stdin:
    order = json.loads(line)
    GZIP = order.get("gzip", False)
    try:
        answer = opened(order) if "open" in order else read(order["read"]) if "read" in order else call(order)
        print(json.dumps(answer, default=str), flush=True)
    except Exception as error:  # fails the test of this call
        print(json.dumps({"fault": repr(error)}), flush=True)
