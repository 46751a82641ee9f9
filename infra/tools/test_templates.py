"""Tests of the templates' rules, and of the mappings of infra/direct with hostile names."""

import json
import re
import tempfile
import unittest
import zipfile
from pathlib import Path

import airspeed

import api_gateway
import cfn
import check
import lambda_zip
from policies import SECRET

ROOT = Path(__file__).resolve().parents[1]
GIVEN = {"Architecture": "arm64", "CursorKeySecretArn": SECRET, "ConfigParameter": "/logmark/config"}


class Text(str):
    """The methods of a Java string that a mapping uses."""

    def replaceAll(self, pattern, text):
        return Text(re.sub(pattern, text, self))


class Util:
    """`escapeJavaScript` of Apache Commons, which API Gateway uses: `'` becomes `\\'`, which is not valid JSON."""

    def escapeJavaScript(self, text):
        short = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", '"': '\\"', "'": "\\'", "\\": "\\\\", "/": "\\/"}
        return Text("".join(short.get(char, char if 32 <= ord(char) < 127 else f"\\u{ord(char):04X}") for char in text))


class Input:
    def __init__(self, parameters=None, body=None):
        self.parameters, self.body = parameters or {}, body

    def params(self, name):
        return Text(self.parameters.get(name, ""))

    def path(self, path):
        value = self.body
        for name in path.split(".")[1:]:
            value = value.get(name, "") if isinstance(value, dict) else ""
        return value

    def json(self, _path):
        return json.dumps(self.body)


def integration():
    return cfn.Template(ROOT / "direct/template.yaml", {"LogGroupName": "/acme/api"}).properties("GetLogs")["Integration"]


def merged(template, **names):
    # Velocity does not interpret a backslash in text; airspeed treats it as the beginning of an escape.
    return airspeed.Template(template.replace("\\", "\\\\")).merge(names)


class Direct(unittest.TestCase):
    def test_any_name_of_a_stream_stays_a_name(self):
        template = integration()["RequestTemplates"]["application/json"]
        for name in [
            "2024/07/01/[$LATEST]abc", 'a"b', "a'b", "a\\", "a\\'b", 'x","logGroupName":"/globex/api', "é", "a#b#end", "$stream", "a\nb",
        ]:
            for token in ["", "f/123'", '","logGroupName":"/x']:
                sent = json.loads(merged(template, util=Util(), input=Input({"stream": name, "token": token})))
                expected = {"logGroupName": "/acme/api", "logStreamName": name, "startFromHead": True, "limit": 1000}
                self.assertEqual(sent, expected | ({"nextToken": token} if token else {}))

    def test_the_group_is_never_the_callers(self):
        template = integration()["RequestTemplates"]["application/json"]
        sent = json.loads(merged(template, util=Util(), input=Input({"stream": "s", "group": "/globex/api", "logGroupName": "/globex/api"})))
        self.assertEqual(sent["logGroupName"], "/acme/api")

    def test_what_aws_writes_in_errors_stays_inside(self):
        # API Gateway uses the first response whose pattern matches the whole status; the one without a pattern is the default.
        responses = integration()["IntegrationResponses"]
        for status, expected in [("200", "200"), ("400", "400"), ("429", "400"), ("500", "502"), ("503", "502"), ("302", "502")]:
            fitting = [each for each in responses if "SelectionPattern" in each and re.fullmatch(each["SelectionPattern"], status)]
            chosen = (fitting or [each for each in responses if "SelectionPattern" not in each])[0]
            self.assertEqual(chosen["StatusCode"], expected)
            if expected != "200":
                self.assertNotIn("$input", chosen["ResponseTemplates"]["application/json"])

    def test_an_unknown_operation_is_no_success(self):
        template = integration()["IntegrationResponses"][0]["ResponseTemplates"]["application/json"]

        context = {"responseOverride": {"status": 200}}
        body = {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}}
        self.assertIn("did not know", merged(template, input=Input(body=body), context=context))
        self.assertEqual(context["responseOverride"]["status"], 502)
        events = {"events": [], "nextForwardToken": "f/1"}
        self.assertEqual(json.loads(merged(template, input=Input(body=events), context=context)), events)

    def test_nothing_is_passed_through(self):
        made = integration()
        self.assertEqual(made["PassthroughBehavior"], "NEVER")
        self.assertEqual(made["RequestParameters"]["integration.request.header.X-Amz-Target"], "'Logs_20140328.GetLogEvents'")

    def test_the_role_reads_this_group_alone(self):
        import iam

        policies = cfn.Template(ROOT / "direct/template.yaml", {"LogGroupName": "/acme/api"}).role_policies("Role")
        for group, action, expected in [
            ("/acme/api", "GetLogEvents", "allowed"), ("/acme/api2", "GetLogEvents", "not allowed"), ("/acme/api", "FilterLogEvents", "not allowed"),
            ("/acme/api", "Unmask", "denied"),
        ]:
            resource = f"arn:aws:logs:eu-central-1:111122223333:log-group:{group}:log-stream:s"
            self.assertEqual(iam.decide(policies, f"logs:{action}", resource), expected)


class Sam(unittest.TestCase):
    def test_parameters_that_are_wrong_are_refused(self):
        for wrong in [
            {"LogGroupArns": "arn:aws:logs:eu-central-1:111122223333:log-group:/acme/api:*"}, {"LogGroupArns": "/acme/*"},
            {"SourceRoleArns": "*"}, {"ConfigParameter": "name"}, {"FrontDoor": "alb"}, {"Architecture": "x86"}, {"Nonsense": "1"},
        ]:
            with self.assertRaises(cfn.CfnError):
                cfn.Template(ROOT / "sam/template.yaml", GIVEN | wrong)

    def test_combinations_that_make_no_sense_are_refused(self):
        for wrong, expected in [
            ({}, []), ({"ConfigBucket": "b"}, ["either"]), ({"ConfigParameter": ""}, ["either"]), ({"DomainName": "a.example"}, ["CertificateArn"]),
            ({"WebAclArn": "w", "FrontDoor": "http-api"}, ["WAF"]), ({"AccessLogGroupArn": "a", "FrontDoor": "function-url"}, ["access log"]),
            ({"DomainName": "a.example", "CertificateArn": "c", "FrontDoor": "function-url"}, ["its own domain"]),
        ]:
            refused = cfn.Template(ROOT / "sam/template.yaml", GIVEN | wrong).refused()
            self.assertEqual(len(refused), len(expected), (wrong, refused))
            for each, text in zip(refused, expected):
                self.assertIn(text, each)

    def test_one_front_door_is_there_and_the_function_knows_it(self):
        for door, resource, streaming in [("rest-api", "RestApi", '["rest_api"]'), ("http-api", "HttpApi", "[]"), ("function-url", "FunctionUrl", '["function_url"]')]:
            template = cfn.Template(ROOT / "sam/template.yaml", GIVEN | {"FrontDoor": door})
            self.assertEqual([name for name in ("RestApi", "HttpApi", "FunctionUrl") if template.exists(name)], [resource])
            function = template.properties("Function")
            self.assertEqual(function["Environment"]["Variables"]["LOGMARK__LAMBDA__STREAMING"], streaming)
            self.assertEqual(function["Timeout"], 29 if door == "http-api" else 300)

    def test_the_doors_get_the_parameters_that_they_have(self):
        template = cfn.Template(ROOT / "sam/template.yaml", GIVEN)
        for name, block in template.body["Resources"].items():
            if block["Type"] == "AWS::Serverless::Application":
                nested = cfn.read(ROOT / "sam" / block["Properties"]["Location"])["Parameters"]
                given = set(block["Properties"]["Parameters"])
                self.assertLessEqual(given, set(nested), name)
                self.assertLessEqual({key for key, value in nested.items() if "Default" not in value}, given, name)

    def test_the_function_is_invoked_by_its_own_gateway_alone(self):
        for door in ("rest-api", "http-api"):
            permission = cfn.Template(ROOT / f"sam/{door}.yaml", {"FunctionArn": "f"}).properties("Permission")
            self.assertIn(":execute-api:eu-central-1:111122223333:<Api>/", permission["SourceArn"])

    def test_the_dashboard_is_json(self):
        for door in ("rest-api", "http-api", "function-url"):
            given = {"FunctionName": "f", "Timeout": 300, "LogGroupName": "/logmark/f", "FrontDoor": door}
            self.assertTrue(json.loads(cfn.Template(ROOT / "sam/alarms.yaml", given).properties("Dashboard")["DashboardBody"])["widgets"])


class Document(unittest.TestCase):
    def test_every_operation_is_there_and_streams(self):
        source = json.loads(api_gateway.SOURCE.read_text())
        made = json.loads(api_gateway.document(source))
        for path, item in source["paths"].items():
            for method in set(item) & set(api_gateway.METHODS):
                integration = made["paths"][path][method]["x-amazon-apigateway-integration"]
                self.assertEqual(integration["responseTransferMode"], "STREAM")
        for path, item in made["paths"].items():
            names = [each["name"] for each in item["options"].get("parameters", [])]
            self.assertEqual(names, [name.rstrip("+") for name in re.findall(r"{([^}]+)}", path)])

    def test_what_templatefile_would_take_for_its_own_is_refused(self):
        source = json.loads(api_gateway.SOURCE.read_text())
        source["info"]["title"] = "${other}"
        with self.assertRaises(SystemExit):
            api_gateway.document(source)


class Archive(unittest.TestCase):
    def test_it_holds_one_file_that_may_be_executed_and_is_the_same_each_time(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a.zip", "b.zip"):
                lambda_zip.main("/bin/true", f"{folder}/{name}")
            with zipfile.ZipFile(f"{folder}/a.zip") as archive:
                (entry,) = archive.infolist()
                self.assertEqual((entry.filename, entry.external_attr >> 16), ("bootstrap", 0o100755))
                self.assertEqual(archive.read(entry), Path("/bin/true").read_bytes())
            self.assertEqual(Path(folder, "a.zip").read_bytes(), Path(folder, "b.zip").read_bytes())


class Runner(unittest.TestCase):
    def test_findings_and_acceptances_must_agree(self):
        self.assertEqual(check.compared({"A": ["x"]}, {"A": "reason"}), [])
        self.assertEqual(len(check.compared({"A": ["x", "y"]}, {})), 2)
        self.assertEqual(len(check.compared({}, {"A": "reason"})), 1)

    def test_a_context_that_lacks_what_is_copied_is_found(self):
        dockerfile = "# x\n\nFROM rust AS build\nCOPY Cargo.toml src ./\n\nFROM scratch\nCOPY --from=build a b\n"
        self.assertEqual(check.copied(dockerfile), ["Cargo.toml", "src"])
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(len(check.context(folder, dockerfile, "*\n!Cargo.toml\n")), 1)
            self.assertTrue((Path(folder) / "Cargo.toml").exists())
            self.assertEqual(len(check.context(folder, dockerfile, "!Cargo.toml\n*\n")), 1)

    def test_a_context_that_lacks_what_the_sources_include_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "src/http")
            source.mkdir(parents=True)
            Path(folder, "Cargo.toml").touch()
            source.joinpath("page.rs").write_text(
                'const A: &str = include_str!("page.html");\nconst B: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/", $file));\n'
            )
            self.assertEqual(len(check.included(folder)), 2)
            source.joinpath("page.html").touch()
            self.assertEqual(len(check.included(folder)), 1)
            Path(folder, "samples").mkdir()
            self.assertEqual(check.included(folder), [])

    def test_a_tool_that_finds_something_is_heard(self):
        self.assertTrue(check.run("false"))
        self.assertEqual(check.timed(self.breaks)[1], ["breaks: KeyError: 'x'"])

    @staticmethod
    def breaks():
        raise KeyError("x")


if __name__ == "__main__":
    unittest.main()
