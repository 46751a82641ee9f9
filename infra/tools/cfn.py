"""Reads CloudFormation templates, and resolves their functions for given parameters.

Owns the YAML tags, conditions and functions that our templates use; others are errors. Knows nothing of AWS except the ARN of a
log group, which follows from its name. cfn-lint checks templates; this module computes their result.
"""

import re

import yaml

PSEUDO = {
    "AWS::AccountId": "111122223333", "AWS::Region": "eu-central-1", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "logmark",
}
NO_VALUE = object()


class CfnError(Exception):
    """A template that can't be resolved."""


class Loader(yaml.SafeLoader):
    """YAML loader with CloudFormation's short forms."""


def short_form(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", short_form)


def read(path):
    with open(path) as file:
        return yaml.load(file, Loader)


class Template:
    """A template with parameters; missing parameters have their defaults."""

    def __init__(self, path, parameters=None):
        self.path, self.body = path, read(path)
        declared = self.body.get("Parameters", {})
        parameters = parameters or {}
        extra = set(parameters) - set(declared)
        if extra:
            raise CfnError(f"{path}: no parameter {sorted(extra)}")
        self.parameters = {name: self.parameter(name, block, parameters) for name, block in declared.items()}

    def parameter(self, name, block, given):
        if name not in given and "Default" not in block:
            raise CfnError(f"{self.path}: {name} is not given")
        value = given.get(name, block.get("Default"))
        values = str(value).split(",") if block["Type"] == "CommaDelimitedList" else [value]
        for each in values:
            if "AllowedPattern" in block and not re.search(block["AllowedPattern"], str(each)):
                raise CfnError(f"{self.path}: {name}: {each!r} does not match {block['AllowedPattern']}")
            if "AllowedValues" in block and str(each) not in map(str, block["AllowedValues"]):
                raise CfnError(f"{self.path}: {name}: {each!r} is not one of {block['AllowedValues']}")
        return values if block["Type"] == "CommaDelimitedList" else value

    def condition(self, name):
        return self.resolve(self.body["Conditions"][name])

    def exists(self, resource):
        block = self.body["Resources"][resource]
        return "Condition" not in block or self.condition(block["Condition"])

    def properties(self, resource):
        return self.resolve(self.body["Resources"][resource]["Properties"])

    def refused(self):
        """Violations of the template's rules by the parameters."""
        found = []
        for rule in self.body.get("Rules", {}).values():
            if self.resolve(rule.get("RuleCondition", True)):
                found += [each["AssertDescription"] for each in rule["Assertions"] if not self.resolve(each["Assert"])]
        return found

    def role_policies(self, role):
        return [policy["PolicyDocument"] for policy in self.properties(role).get("Policies", [])]

    def resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, inner),) = value.items()
            if name == "Ref":
                return self.ref(inner)
            if name == "Condition" and isinstance(inner, str):
                return self.condition(inner)
            if name.startswith("Fn::"):
                return self.function(name[4:], inner)
        resolved = {key: self.resolve(inner) for key, inner in value.items()}
        return {key: inner for key, inner in resolved.items() if inner is not NO_VALUE}

    def ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        base = name.split(".")[0]
        if base not in self.body["Resources"]:
            raise CfnError(f"{self.path}: {name} does not exist")
        return f"<{name}>"

    def function(self, name, inner):
        if name == "If":
            return self.resolve(inner[1] if self.condition(inner[0]) else inner[2])
        if name in ("And", "Or", "Not"):
            values = [self.resolve(each) for each in inner]
            return {"And": all, "Or": any, "Not": lambda values: not values[0]}[name](values)
        if name == "Sub":
            return self.substitute(inner)
        if name == "GetAtt":
            return self.attribute(*inner)
        if name == "FindInMap":
            table, first, second = map(self.resolve, inner)
            return self.body["Mappings"][table][first][second]
        values = self.resolve(inner)
        if name == "Equals":
            return values[0] == values[1]
        if name == "Join":
            return values[0].join(map(str, values[1]))
        if name == "Split":
            return values[1].split(values[0])
        if name == "Select":
            return values[1][int(values[0])]
        raise CfnError(f"{self.path}: Fn::{name} is not known here")

    def substitute(self, inner):
        text, more = (inner, {}) if isinstance(inner, str) else (inner[0], self.resolve(inner[1]))

        def value(match):
            name = match.group(1)
            if name in more:
                return str(more[name])
            return str(self.attribute(*name.split(".", 1)) if "." in name else self.ref(name))

        return re.sub(r"\$\{([^!}]+)\}", value, text)

    def attribute(self, resource, attribute):
        block = self.body["Resources"].get(resource)
        if not block:
            raise CfnError(f"{self.path}: {resource} does not exist")
        if (block["Type"], attribute) == ("AWS::Logs::LogGroup", "Arn"):
            name = self.resolve(block["Properties"]["LogGroupName"])
            return f"arn:aws:logs:{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}:log-group:{name}:*"
        return f"<{resource}.{attribute}>"
