"""IAM policies of an identity, decided as AWS documents it ("Policy evaluation logic", IAM User Guide).

Owns effect, action, resource and condition: an explicit Deny wins, then an Allow, otherwise the call is not allowed.
Elements that our policies do not use (NotAction, NotResource, policy variables, other operators) are errors, so that
none is ignored.
"""

import re

MEMBERS = {"Sid", "Effect", "Action", "Resource", "Condition"}


class PolicyError(Exception):
    """An invalid policy, or one with elements that are not supported here."""


def as_list(value):
    return value if isinstance(value, list) else [value]


def matches(pattern, text, ignore_case=False):
    """`*` matches any characters, including `:` and `/`; `?` matches one."""
    if "${" in pattern:
        raise PolicyError(f"policy variables are not known here: {pattern}")
    regex = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(regex, text, re.IGNORECASE if ignore_case else 0) is not None


def holds(conditions, context):
    """Every operator and every key must match; one value of a key is enough. A key that the call lacks does not match."""
    for operator, keys in conditions.items():
        if operator != "StringEquals":
            raise PolicyError(f"the operator {operator} is not known here")
        for key, values in keys.items():
            if context.get(key) not in as_list(values):
                return False
    return True


def statements(policies):
    for policy in policies:
        if policy.get("Version") != "2012-10-17":
            raise PolicyError("Version must be 2012-10-17: without it variables and more mean something else")
        for statement in as_list(policy["Statement"]):
            unknown = set(statement) - MEMBERS
            if unknown:
                raise PolicyError(f"{sorted(unknown)} is not known here")
            if statement.get("Effect") not in ("Allow", "Deny") or "Action" not in statement or "Resource" not in statement:
                raise PolicyError(f"a statement needs Effect, Action and Resource: {statement}")
            yield statement


def applies(statement, action, resource, context):
    return (
        any(matches(pattern, action, ignore_case=True) for pattern in as_list(statement["Action"]))
        and any(matches(pattern, resource) for pattern in as_list(statement["Resource"]))
        and holds(statement.get("Condition", {}), context)
    )


def decide(policies, action, resource, context=None):
    """`allowed`, `denied` (by a statement) or `not allowed` (by none)."""
    effects = {each["Effect"] for each in statements(policies) if applies(each, action, resource, context or {})}
    return "denied" if "Deny" in effects else "allowed" if "Allow" in effects else "not allowed"
