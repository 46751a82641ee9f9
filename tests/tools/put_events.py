"""Writes log events with boto3, AWS's own client, so that Logmark reads events written by independent code.

Arguments: the endpoint. Reads one JSON object a line from standard input, answers each with one line:

    {"group": g}                                         creates the group
    {"group": g, "stream": s}                            creates the stream too
    {"group": g, "stream": s, "events": [[ms, text], …]} puts the events, in batches by the rules of PutLogEvents
    {"parameter": n, "value": v}                         puts an encrypted parameter into SSM Parameter Store
    {"bucket": b, "key": k, "body": t}                   puts an object into S3
    {"plan": p, "stages": [[api, stage], …], "keys": [n, …]}
                                                         makes a usage plan of API Gateway, and keys with these names in it
    {"renameKey": n, "to": m}                            renames an API key

Events keep their order but for what those rules ask: within a batch they are chronological (Python's sort is stable).
"""

import json
import sys

import boto3
from botocore.config import Config

BATCH_EVENTS = 10_000
BATCH_BYTES = 1_048_576
EVENT_OVERHEAD = 26
BATCH_SPAN_MS = 24 * 3600 * 1000


def client(service):
    return boto3.client(
        service,
        endpoint_url=sys.argv[1],
        region_name="eu-west-1",
        aws_access_key_id="AKIDPUT",
        aws_secret_access_key="put-secret",
        config=Config(retries={"max_attempts": 1}),
    )


logs = client("logs")


def batches(events):
    batch, size = [], 0
    for at, message in sorted(events, key=lambda event: event[0]):
        weight = len(message.encode()) + EVENT_OVERHEAD
        full = len(batch) == BATCH_EVENTS or size + weight > BATCH_BYTES
        if batch and (full or at - batch[0]["timestamp"] >= BATCH_SPAN_MS):
            yield batch
            batch, size = [], 0
        batch.append({"timestamp": at, "message": message})
        size += weight
    if batch:
        yield batch


def create(call, **names):
    try:
        call(**names)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass


def put_configuration(order):
    if "parameter" in order:
        client("ssm").put_parameter(Name=order["parameter"], Value=order["value"], Type="SecureString")
    else:
        s3 = client("s3")
        s3.create_bucket(Bucket=order["bucket"], CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket=order["bucket"], Key=order["key"], Body=order["body"].encode())


def put_plan(order):
    gateway = client("apigateway")
    if "renameKey" in order:
        keys = gateway.get_api_keys(nameQuery=order["renameKey"])["items"]
        gateway.update_api_key(apiKey=keys[0]["id"], patchOperations=[{"op": "replace", "path": "/name", "value": order["to"]}])
        return
    stages = [{"apiId": api, "stage": stage} for api, stage in order["stages"]]
    plan = gateway.create_usage_plan(name=order["plan"], apiStages=stages)
    for name in order["keys"]:
        key = gateway.create_api_key(name=name, enabled=True)
        gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")


def put(order):
    if "parameter" in order or "bucket" in order:
        put_configuration(order)
        return
    if "plan" in order or "renameKey" in order:
        put_plan(order)
        return
    names = {"logGroupName": order["group"]}
    create(logs.create_log_group, **names)
    if "stream" in order:
        names["logStreamName"] = order["stream"]
        create(logs.create_log_stream, **names)
    for batch in batches(order.get("events", [])):
        rejected = logs.put_log_events(**names, logEvents=batch).get("rejectedLogEventsInfo")
        if rejected:
            raise ValueError(f"rejected: {rejected}")


for line in sys.stdin:
    try:
        put(json.loads(line))
        print("ok", flush=True)
    except Exception as error:  # fails the test of this call
        print(repr(error).replace("\n", " "), flush=True)
