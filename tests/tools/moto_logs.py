"""A pytest plugin that runs moto's own tests of CloudWatch Logs against an endpoint of Logmark.

moto's tests use the server in TEST_SERVER_MODE_ENDPOINT in place of AWS. The plugin replaces moto's reset, which calls an interface of
moto's own server, by deleting what a test made; and it leaves out the tests that MOTO_EXCLUDED lists: a test, or a file, and the reason a
line, separated by `|`. It fails when a test of the list does not exist, or passes.
"""

import os
import sys
import types

# test_logs.py imports it for one test, which is excluded.
sys.modules.setdefault("freezegun", types.SimpleNamespace(freeze_time=None))

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.models import ServerModeMockAWS

ENDPOINT = os.environ["TEST_SERVER_MODE_ENDPOINT"]
# The keys that moto's decorator puts into the environment of a test.
KEYS = {"aws_access_key_id": "FOOBARKEY", "aws_secret_access_key": "FOOBARSECRET"}
REAL_CLIENT = boto3.client


def logs():
    config = Config(retries={"max_attempts": 1}, inject_host_prefix=False)
    return REAL_CLIENT("logs", "us-east-1", endpoint_url=ENDPOINT, config=config, **KEYS)


def reset(_self):
    client = logs()
    while groups := client.describe_log_groups()["logGroups"]:
        for group in groups:
            client.delete_log_group(logGroupName=group["logGroupName"])


ServerModeMockAWS.reset = reset


def excluded():
    """Test ids with the reasons."""
    with open(os.environ["MOTO_EXCLUDED"], encoding="utf-8") as lines:
        entries = [line.split("|", 1) for line in lines if line.strip() and not line.startswith("#")]
    return {test.strip(): reason.strip() for test, reason in entries}


def has_live_tail():
    try:
        logs().start_live_tail(logGroupIdentifiers=["arn:aws:logs:us-east-1:123456789012:log-group:none"])
    except ClientError as error:
        return error.response["Error"]["Code"] != "UnknownOperationException"
    return True


def pytest_ignore_collect(collection_path):
    # The file needs tests of other services to be imported.
    return True if collection_path.name in excluded() else None


def pytest_collection_modifyitems(items):
    reasons = {test: reason for test, reason in excluded().items() if "::" in test}
    known = {item.nodeid.removeprefix("tests/test_logs/") for item in items}
    if unknown := sorted(set(reasons) - known):
        raise pytest.UsageError(f"moto has no such tests: {unknown}")
    live_tail = has_live_tail()
    for item in items:
        name = item.nodeid.removeprefix("tests/test_logs/")
        if name in reasons:
            # The test still runs, so that an unnecessary exclusion fails.
            item.add_marker(pytest.mark.xfail(reason=reasons[name], strict=True))
        elif "live_tail" in name and not live_tail:
            item.add_marker(pytest.mark.skip(reason="the endpoint has no StartLiveTail"))
