"""Checks Terraform modules without Terraform, and computes their IAM policies.

Owns Terraform's blocks and references. Does not know providers: `terraform validate` checks their arguments.
"""

import re
from functools import lru_cache
from pathlib import Path

import hcl
from hcl import HclError, Scope, evaluate, names

ACCOUNT, REGION = "111122223333", "eu-central-1"
# Roots of references, in addition to the names of resources.
ROOTS = {"var", "local", "data", "module", "each", "count", "path", "self"}


def walk(block):
    yield block
    for inner in block.blocks:
        yield from walk(inner)


class Module:
    """A folder of *.tf, with inputs for an evaluation."""

    def __init__(self, folder, inputs=None):
        self.folder = Path(folder)
        self.files = {path: hcl.read(path) for path in sorted(self.folder.glob("*.tf"))}
        if not self.files:
            raise HclError(f"{folder}: no *.tf")
        self.blocks = [block for file in self.files.values() for block in file.blocks]
        self.inputs = inputs or {}
        self.children = {}

    def of(self, kind):
        return [block for block in self.blocks if block.kind == kind]

    def locals(self):
        return {name: value for block in self.of("locals") for name, value in block.attributes.items()}

    def variables(self):
        return {block.labels[0]: block for block in self.of("variable")}

    def resources(self):
        return {tuple(block.labels): block for block in self.of("resource")}

    def data(self):
        return {tuple(block.labels): block for block in self.of("data")}

    def modules(self):
        return {block.labels[0]: block for block in self.of("module")}

    def outputs(self):
        return {block.labels[0]: block for block in self.of("output")}

    # Evaluation.

    def scope(self, **more):
        scope = Scope(var=self.variable, local=self.local, data=self.datum, module=self.child_output, path={"module": str(self.folder)})
        for kind, _ in self.resources():
            scope[kind] = lambda name, kind=kind: self.resource(kind, name)
        scope.update(more)
        return scope

    def variable(self, name):
        block = self.variables()[name]
        if name in self.inputs:
            return self.inputs[name]
        if "default" not in block.attributes:
            raise HclError(f"{self.folder}: `{name}` is not given")
        return evaluate(block.attributes["default"], Scope())

    def refusals(self):
        """Violations of the variables' validations by the inputs."""
        found = []
        for name, block in self.variables().items():
            for rule in block.all("validation"):
                if not evaluate(rule.attributes["condition"], self.scope()):
                    found.append(f"{name}: {evaluate(rule.attributes['error_message'], self.scope())}")
        return found

    @lru_cache(maxsize=None)
    def local(self, name):
        return evaluate(self.locals()[name], self.scope())

    def datum(self, kind):
        known = {
            "aws_caller_identity": {"account_id": ACCOUNT}, "aws_partition": {"partition": "aws"}, "aws_region": {"region": REGION},
        }
        if kind == "aws_iam_policy_document":
            return lambda name: {"json": self.document(self.data()[(kind, name)])}
        return lambda name: known.get(kind) or (lambda attribute: f"<{kind}.{name}.{attribute}>")

    def resource(self, kind, name):
        """Attributes that only AWS knows evaluate to their own reference; the ARN of a log group follows from its name."""
        block = self.resources()[(kind, name)]

        def attribute(key):
            if (kind, key) == ("aws_cloudwatch_log_group", "arn"):
                return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{evaluate(block.attributes['name'], self.scope())}"
            return f"<{kind}.{name}.{key}>"

        if "count" in block.attributes:
            return [attribute] * evaluate(block.attributes["count"], self.scope())
        return attribute

    def child(self, name):
        if name not in self.children:
            block = self.modules()[name]
            given = {key: value for key, value in block.attributes.items() if key not in ("source", "providers")}
            folder = self.folder / evaluate(block.attributes["source"], Scope())
            self.children[name] = Module(folder, {key: evaluate(value, self.scope()) for key, value in given.items()})
        return self.children[name]

    def child_output(self, name):
        return lambda output: self.child(name).output(output)

    def output(self, name):
        return evaluate(self.outputs()[name].attributes["value"], self.scope())

    def document(self, block):
        """The policy of an aws_iam_policy_document."""
        statements = [self.statement(statement, self.scope()) for statement in block.all("statement")]
        for dynamic in block.all("dynamic"):
            content = dynamic.all("content")[0]
            for value in evaluate(dynamic.attributes["for_each"], self.scope()):
                statements.append(self.statement(content, self.scope(**{dynamic.labels[0]: {"value": value}})))
        return {"Version": "2012-10-17", "Statement": statements}

    @staticmethod
    def statement(block, scope):
        def value(name, default=None):
            return evaluate(block.attributes[name], scope) if name in block.attributes else default

        statement = {"Sid": value("sid", ""), "Effect": value("effect", "Allow"), "Action": value("actions")}
        if "resources" in block.attributes:
            statement["Resource"] = value("resources")
        for principals in block.all("principals"):
            kind = evaluate(principals.attributes["type"], scope)
            statement["Principal"] = {kind: evaluate(principals.attributes["identifiers"], scope)}
        for condition in block.all("condition"):
            test, key, values = (evaluate(condition.attributes[name], scope) for name in ("test", "variable", "values"))
            statement.setdefault("Condition", {}).setdefault(test, {})[key] = values
        return statement

    def role_policies(self, role):
        """The inline policies of a role, by the name of its resource."""
        found = []
        for (kind, _), block in self.resources().items():
            if kind == "aws_iam_role_policy" and ["aws_iam_role", role] in [path[:2] for path in names(block.attributes["role"])]:
                found.append(evaluate(block.attributes["policy"], self.scope()))
        return found


# Checks.


def mistakes(folder, all_used=True):
    """All errors of a module, one line each."""
    module = Module(folder)
    found = [f"{path}:{line}: {what}" for path in module.files for line, what in badly_formatted(path.read_text())]
    found += described(module) + references(module) + calls(module)
    if all_used:
        found += unused(module)
    return found


def described(module):
    found = []
    for kind in ("variable", "output"):
        for block in module.of(kind):
            text = block.attributes.get("description")
            if not text or not evaluate(text, Scope()).strip():
                found.append(f"{module.folder}: {kind} `{block.labels[0]}` has no description")
            if kind == "variable" and "type" not in block.attributes:
                found.append(f"{module.folder}: variable `{block.labels[0]}` has no type")
    pinned = [inner for block in module.of("terraform") for inner in block.all("required_providers")]
    if not pinned:
        found.append(f"{module.folder}: no required_providers")
    return found


def references(module):
    known = {
        "var": set(module.variables()), "local": set(module.locals()), "module": set(module.modules()),
        "data": {kind for kind, _ in module.data()},
    }
    resources = module.resources()
    found = []
    for path, file in module.files.items():
        for block in walk(file):
            iterators = {inner.labels[0] for inner in walk(file) if inner.kind == "dynamic"}
            for attribute, expression in block.attributes.items():
                if (block.kind, attribute) in (("variable", "type"), ("lifecycle", "ignore_changes"), ("module", "providers")):
                    continue
                for name in names(expression):
                    problem = unknown(name, known, resources, module, iterators)
                    if problem:
                        found.append(f"{path}:{block.line}: {attribute}: {problem}")
    return found


def unknown(name, known, resources, module, iterators):
    root, *rest = name
    text = ".".join(str(part) for part in name)
    if root in ("each", "count", "path", "self") or root in iterators:
        return None
    if root in known:
        if not rest or rest[0] not in known[root]:
            return f"`{text}` does not exist"
        if root == "data" and (rest[0], rest[1]) not in module.data():
            return f"`{text}` does not exist"
        if root == "module" and rest[1] not in module.child_outputs(rest[0]):
            return f"`{text}` is not an output of that module"
        return None
    if (root, rest[0] if rest else None) not in resources:
        return f"`{text}` does not exist"
    return None


def child_outputs(self, name):
    source = evaluate(self.modules()[name].attributes["source"], Scope())
    return set(Module(self.folder / source).outputs())


Module.child_outputs = child_outputs


def calls(module):
    """Calls of other modules: each argument must exist there, and each required argument must be present."""
    found = []
    for name, block in module.modules().items():
        variables = Module(module.folder / evaluate(block.attributes["source"], Scope())).variables()
        given = set(block.attributes) - {"source", "providers"}
        found += [f"{module.folder}: module `{name}` has no variable `{extra}`" for extra in sorted(given - set(variables))]
        needed = {key for key, variable in variables.items() if "default" not in variable.attributes}
        found += [f"{module.folder}: module `{name}` needs `{missing}`" for missing in sorted(needed - given)]
    return found


def unused(module):
    used = {tuple(name[:2]) for file in module.files.values() for block in walk(file)
            for expression in block.attributes.values() for name in names(expression)}
    found = [f"{module.folder}: variable `{name}` is not used" for name in module.variables()
             if not used_outside_of_itself(module, name)]
    return found + [f"{module.folder}: local `{name}` is not used" for name in module.locals() if ("local", name) not in used]


def used_outside_of_itself(module, variable):
    for block in module.blocks:
        if block is module.variables()[variable]:
            continue
        for inner in walk(block):
            if any(name[:2] == ["var", variable] for value in inner.attributes.values() for name in names(value)):
                return True
    return False


ASSIGNMENT = re.compile(r'^(\s*)([A-Za-z_][\w-]*|"[^"]*")(\s*)=(?![=>])(\s*)\S')


def outside_strings(line):
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', line.split(" #")[0])


def badly_formatted(text):
    """Differences from `terraform fmt`, as far as detected here: indents, spaces, and the columns of `=`."""
    found, depth, run = [], 0, []
    if not text.endswith("\n") or text.endswith("\n\n"):
        found.append((text.count("\n"), "must end with one line break"))

    def end_run():
        for line, column in run:
            if column != max(column for _, column in run):
                found.append((line, "`=` is not in one column with the lines beside it"))
        run.clear()

    for number, line in enumerate(text.splitlines(), 1):
        bare = "" if line.lstrip().startswith("#") else outside_strings(line)
        opens, closes = len(re.findall(r"[{(\[]", bare)), len(re.findall(r"[})\]]", bare))
        leading = len(re.match(r"[\s})\],]*", bare).group().replace(" ", "").replace(",", ""))
        if line != line.rstrip() or "\t" in line:
            found.append((number, "blanks at the end, or a tab"))
        # Several brackets that open on one line count as one step.
        depth -= bool(leading)
        if line.strip() and len(line) - len(line.lstrip()) != 2 * depth:
            found.append((number, f"is not indented by {2 * depth}"))
        assignment = ASSIGNMENT.match(line) if bare else None
        if assignment and opens == closes:
            if run and len(assignment.group(1)) != indent:
                end_run()
            indent = len(assignment.group(1))
            run.append((number, len(assignment.group(2)) + len(assignment.group(3))))
            if assignment.group(4) != " ":
                found.append((number, "wants one blank after `=`"))
        else:
            end_run()
        depth += (opens > closes) + (1 if leading and opens == closes and opens else 0)
    end_run()
    return found
