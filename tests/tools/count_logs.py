"""Counts what is in real log files, without Logmark: the expected results of tests/real_logs.

Argument: the folder with the files. Prints one JSON object: the name of a count, and the counted values with their numbers.
"""

import base64
import collections
import csv
import gzip
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

DATA = Path(sys.argv[1])


def lines(name):
    return (DATA / name).read_text(encoding="utf-8").split("\n")[:-1]


def records(name):
    return [json.loads(line) for line in lines(name)]


def web(counts):
    line_form = re.compile(r'^(\S+) \S+ \S+ \[[^\]]*\] "((?:[^"\\]|\\.)*)" (\d{3}) (\S+)')
    parts = [line_form.match(line) for line in lines("web/apache_combined_semicomplete_10k.log")]
    counts["web statuses"] = collections.Counter(part.group(3) for part in parts)
    counts["web methods"] = collections.Counter(part.group(2).split(" ")[0] for part in parts)
    counts["web clients"] = {"n": len({part.group(1) for part in parts})}
    counts["web bytes"] = {"n": sum(int(part.group(4)) for part in parts if part.group(4) != "-")}


def auth(counts):
    text = lines("auth/auth.log")
    counts["auth lines"] = {"n": len(text)}
    counts["auth invalid users"] = {"n": sum("Invalid user" in line for line in text)}
    programs = (re.match(r"^\S+ +\d+ \S+ \S+ ([^\[:]+)", line) for line in text)
    counts["auth programs"] = collections.Counter(found.group(1) for found in programs if found)


def cloudtrail(counts):
    events = records("cloudtrail/invictus_stratus_cloudtrail.jsonl")
    counts["cloudtrail sources"] = collections.Counter(event["eventSource"] for event in events)
    counts["cloudtrail errors"] = collections.Counter(event["errorCode"] for event in events if "errorCode" in event)
    identities = (event["userIdentity"] for event in events)
    counts["cloudtrail identities"] = collections.Counter(identity["type"] for identity in identities if "type" in identity)
    counts["cloudtrail names"] = {"n": len({event["eventName"] for event in events})}


def gateway(counts):
    counts["gateway real"] = collections.Counter(record["resourcePath"] for record in records("apigw/apigw_rest_json_binxio.jsonl"))
    of_format = {
        "json": [(record["status"], record["httpMethod"]) for record in records("apigw/derived_rest_json.jsonl")],
        "csv": [(row[7], row[4]) for row in csv.reader(lines("apigw/derived_rest_csv.log"))],
        "xml": [
            (node.findtext("status"), node.findtext("httpMethod"))
            for node in map(ElementTree.fromstring, lines("apigw/derived_rest_xml.log"))
        ],
        "clf": [
            (line.rsplit(" ", 3)[1], re.search(r'\] "(\S+) ', line).group(1)) for line in lines("apigw/derived_rest_clf.log")
        ],
    }
    for name, pairs in of_format.items():
        counts[f"gateway {name} statuses"] = collections.Counter(status for status, _ in pairs)
        counts[f"gateway {name} methods"] = collections.Counter(method for _, method in pairs)


def firehose(counts):
    event = json.loads((DATA / "firehose/cwlogs_subscription_event_binxio.json").read_text(encoding="utf-8"))
    counts["firehose records"] = {"n": len(event["records"])}
    decoded = [json.loads(gzip.decompress(base64.b64decode(record["data"]))) for record in event["records"]]
    counts["firehose events"] = collections.Counter(event["id"] for record in decoded for event in record["logEvents"])
    assert decoded == records("firehose/cwlogs_subscription_decoded_binxio.jsonl")


def field(counts):
    for name in ("import_files", "import_lines", "insights", "patterns", "reading", "tokens"):
        cases = json.loads((DATA / f"field/{name}.json").read_text(encoding="utf-8"))
        # The import refuses times in zones whose abbreviations have two meanings, and names the lines.
        cases = [case for case in cases if not re.match(r"\S+ \S+ (BST|IST|CST)\b", case.get("line", ""))]
        counts[f"field {name}"] = {"n": len(cases)}


COUNTS = {}
for count in (web, auth, cloudtrail, gateway, firehose, field):
    count(COUNTS)
print(json.dumps(COUNTS))
