"""Tests of iam.py and policies.py: policies and calls that they must refuse."""

import unittest

import iam
import policies
from policies import ARN, EVENTS, GROUPS, PLATFORM, Role

CALLS = [
    {"action": "logs:DescribeLogGroups"}, {"action": "logs:DescribeLogStreams", "logGroup": "/acme/api"},
    {"action": "logs:FilterLogEvents", "logGroup": "/acme/api"}, {"action": "logs:FilterLogEvents", "logGroup": "/shared/gateway"},
    {"action": "logs:GetLogEvents", "logGroup": "/acme/api", "logStream": "prod-1"}, {"action": "logs:StopQuery"},
    {"action": "logs:CreateLogStream", "logGroup": "/logmark/audit", "logStream": "one"},
    {"action": "logs:PutLogEvents", "logGroup": "/logmark/audit", "logStream": "one"},
    {"action": "logs:StartLiveTail", "logGroup": "/acme/api"}, {"action": "logs:StartLiveTail", "logGroup": "/shared/gateway"},
]


def allow(action, resource, **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements):
    return [{"Version": "2012-10-17", "Statement": list(statements)}]


NEVER = {"Effect": "Deny", "Action": "logs:Unmask", "Resource": "*"}
READ = allow(sorted(EVENTS - {"logs:DescribeLogGroups"}), [each + end for each in GROUPS for end in ("", ":*")])
LIST = allow("logs:DescribeLogGroups", f"{ARN}log-group:*")


def mistakes(*statements):
    return "\n".join(Role("test", policy(*statements), EVENTS).mistakes(CALLS))


class Decisions(unittest.TestCase):
    def test_nothing_is_allowed_by_default(self):
        self.assertEqual(iam.decide(policy(), "logs:GetLogEvents", "a"), "not allowed")

    def test_a_deny_wins_over_any_number_of_allows(self):
        self.assertEqual(iam.decide(policy(allow("*", "*"), NEVER, allow("logs:Unmask", "*")), "logs:Unmask", "a"), "denied")

    def test_actions_have_no_case_and_resources_have(self):
        statements = policy(allow("LOGS:getlogevents", "arn:Group"))
        self.assertEqual(iam.decide(statements, "logs:GetLogEvents", "arn:Group"), "allowed")
        self.assertEqual(iam.decide(statements, "logs:GetLogEvents", "arn:group"), "not allowed")

    def test_a_star_stands_for_anything_and_a_question_mark_for_one(self):
        for pattern, text, expected in [("a*d", "a:b/cd", True), ("a*d", "ad", True), ("a?c", "abc", True), ("a?c", "ac", False),
                                        ("a.c", "abc", False), ("a*", "ba", False), ("[a]", "a", False)]:
            self.assertEqual(iam.matches(pattern, text), expected, (pattern, text))

    def test_a_condition_must_hold_and_its_key_be_there(self):
        statements = policy(allow("kms:Decrypt", "*", Condition={"StringEquals": {"kms:ViaService": ["ssm", "s3"]}}))
        self.assertEqual(iam.decide(statements, "kms:Decrypt", "k", {"kms:ViaService": "s3"}), "allowed")
        self.assertEqual(iam.decide(statements, "kms:Decrypt", "k", {"kms:ViaService": "ec2"}), "not allowed")
        self.assertEqual(iam.decide(statements, "kms:Decrypt", "k"), "not allowed")

    def test_what_is_not_known_is_an_error(self):
        for bad in [
            {"Effect": "Allow", "NotAction": "a", "Resource": "*"}, {"Effect": "allow", "Action": "a", "Resource": "*"},
            {"Effect": "Allow", "Action": "a"}, allow("a", "*", Condition={"StringLike": {"k": "v"}}), allow("a", "${aws:username}"),
        ]:
            with self.assertRaises(iam.PolicyError):
                iam.decide(policy(bad), "a", "b")
        with self.assertRaises(iam.PolicyError):
            iam.decide([{"Statement": [LIST]}], "a", "b")


class Proofs(unittest.TestCase):
    def test_a_right_policy_passes(self):
        self.assertEqual(mistakes(READ, LIST, NEVER), "")

    def test_a_missing_action_is_found(self):
        less = {**READ, "Action": ["logs:FilterLogEvents", "logs:GetLogEvents"]}
        self.assertIn("logs:DescribeLogStreams on", mistakes(less, LIST, NEVER))

    def test_a_missing_form_of_a_group_is_found(self):
        for end in ("", ":*"):
            less = {**READ, "Resource": [each + end for each in GROUPS]}
            self.assertIn("is called and not allowed", mistakes(less, LIST, NEVER))

    def test_a_group_too_many_is_found(self):
        for wide in ("*", f"{ARN}log-group:*", f"{ARN}log-group:/acme*"):
            self.assertIn("is allowed, which is elsewhere", mistakes({**READ, "Resource": [*READ["Resource"], wide]}, LIST, NEVER))
        unused = {**READ, "Resource": [*READ["Resource"], f"{ARN}log-group:/other"]}
        self.assertIn("log-group:/other in None is allowed and never needed", mistakes(unused, LIST, NEVER))

    def test_an_action_too_many_is_found(self):
        self.assertIn("logs:PutLogEvents in None is allowed and never called", mistakes(READ, LIST, NEVER, allow("logs:PutLogEvents", "*")))
        self.assertIn("stands for more than one", mistakes({**READ, "Action": "logs:*"}, LIST, NEVER))
        self.assertIn("logs:StopQuery on * is allowed and not called", mistakes(READ, LIST, NEVER, allow("logs:StopQuery", "*")))

    def test_unmask_must_be_denied(self):
        self.assertIn("logs:Unmask is not denied", mistakes(READ, LIST))

    def test_a_call_that_was_never_recorded_is_found(self):
        found = Role("test", policy(READ, LIST, NEVER), EVENTS | {"logs:StartQuery"}).mistakes(CALLS)
        self.assertIn("logs:StartQuery is expected and was never recorded", found)

    def test_what_the_platform_writes_goes_to_our_own_group_alone(self):
        own = allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{policies.OWN_LOG}:*")
        self.assertEqual(Role("test", policy(READ, LIST, NEVER, own), EVENTS, PLATFORM).mistakes(CALLS), [])

    def test_audit_lines_go_to_their_own_group_alone(self):
        role = lambda resource: Role("test", policy(READ, LIST, NEVER, allow(sorted(policies.AUDIT), resource)), EVENTS | policies.AUDIT)
        self.assertEqual(role(f"{policies.AUDIT_GROUP}:*").mistakes(CALLS), [])
        self.assertIn("is called and not allowed", "\n".join(role(policies.AUDIT_GROUP).mistakes(CALLS)))
        for wide in (f"{policies.AUDIT_GROUP}*", f"{ARN}log-group:/logmark/*"):
            self.assertIn("is allowed, which is elsewhere", "\n".join(role(wide).mistakes(CALLS)))

    def test_resources_of_the_wrong_type_are_found(self):
        wrong = [{"action": "logs:GetLogEvents", "logGroup": "/acme/api"}, {"action": "logs:NoSuchAction"}]
        self.assertEqual(len(policies.resource_types(wrong)), 2)
        self.assertEqual(policies.resource_types(CALLS), [])


if __name__ == "__main__":
    unittest.main()
