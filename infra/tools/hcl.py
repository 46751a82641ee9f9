"""Parses HCL, as far as infra/terraform uses it, and evaluates its expressions.

Owns the syntax and the functions; terraform.py knows Terraform's blocks. Unsupported syntax is an error with file and
line. checkov parses the same files independently, so an error here is detected.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path


class HclError(Exception):
    """An error with file and line."""


@dataclass
class Block:
    """A block or a whole file: its attributes are expressions, not evaluated."""

    kind: str
    labels: list
    line: int
    attributes: dict = field(default_factory=dict)
    blocks: list = field(default_factory=list)

    def all(self, kind):
        return [block for block in self.blocks if block.kind == kind]


TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*|//[^\n]*)|(?P<newline>\n)|(?P<number>\d+(?:\.\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<quote>")
    |(?P<sign>=>|==|!=|<=|>=|&&|\|\||\.\.\.|[=<>!?:{}()\[\],.*/%+-])""",
    re.VERBOSE,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
LEVELS = [("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%")]


class Parser:
    """A recursive descent parser of one text; `base` is the number of its first line."""

    def __init__(self, text, source, base=1):
        self.text, self.source, self.base, self.at = text, source, base, 0

    def error(self, what):
        return HclError(f"{self.source}:{self.base + self.text.count(chr(10), 0, self.at)}: {what}")

    # Tokens: read one at a time, because a quote begins a template with its own syntax.

    def peek(self, newlines=True):
        at = self.at
        while True:
            match = TOKEN.match(self.text, at)
            if at >= len(self.text):
                return ("end", "", at)
            if not match:
                self.at = at
                raise self.error(f"unexpected {self.text[at]!r}")
            at = match.end()
            if match.lastgroup == "space" or (match.lastgroup == "newline" and not newlines):
                continue
            return (match.lastgroup, match.group(), at)

    def take(self, newlines=True):
        kind, text, at = self.peek(newlines)
        self.at = at
        return kind, text

    def accept(self, sign, newlines=True):
        if self.peek(newlines)[1] == sign:
            self.take(newlines)
            return True
        return False

    def expect(self, sign, newlines=True):
        found = self.peek(newlines)[1]
        if not self.accept(sign, newlines):
            raise self.error(f"expected {sign!r}, found {found!r}")

    def skip_newlines(self):
        while self.peek()[0] == "newline":
            self.take()

    # Blocks.

    def body(self, block, end):
        while True:
            self.skip_newlines()
            if self.accept(end) if end else self.peek()[0] == "end":
                return block
            line = self.base + self.text.count("\n", 0, self.peek()[2])
            kind, name = self.take()
            if kind != "name":
                raise self.error(f"expected a name, found {name!r}")
            if self.accept("="):
                if name in block.attributes:
                    raise self.error(f"`{name}` is there twice")
                block.attributes[name] = self.expression()
            else:
                block.blocks.append(self.block(name, line))
            if self.peek()[0] not in ("newline", "end") and self.peek()[1] != "}":
                raise self.error(f"expected the end of the line, found {self.peek()[1]!r}")

    def block(self, kind, line):
        labels = []
        while not self.accept("{"):
            token, text = self.take()
            if token == "quote":
                labels.append(evaluate(self.template(), Scope()))
            elif token == "name":
                labels.append(text)
            else:
                raise self.error(f"expected a block, found {text!r}")
        return self.body(Block(kind, labels, line), "}")

    # Expressions: tuples whose first element is the kind.

    def expression(self, newlines=True):
        condition = self.binary(0, newlines)
        if not self.accept("?", newlines):
            return condition
        yes = self.expression(newlines)
        self.expect(":", newlines)
        return ("if", condition, yes, self.expression(newlines))

    def binary(self, level, newlines):
        if level == len(LEVELS):
            return self.unary(newlines)
        left = self.binary(level + 1, newlines)
        while self.peek(newlines)[1] in LEVELS[level] and self.peek(newlines)[0] == "sign":
            sign = self.take(newlines)[1]
            left = ("binary", sign, left, self.binary(level + 1, newlines))
        return left

    def unary(self, newlines):
        for sign in ("!", "-"):
            if self.accept(sign, newlines):
                return ("unary", sign, self.unary(newlines))
        return self.postfix(self.primary(newlines), newlines)

    def postfix(self, value, newlines):
        while True:
            if self.accept(".", newlines):
                kind, name = self.take(newlines)
                value = ("splat", value) if name == "*" else ("get", value, ("value", name))
            elif self.peek(newlines)[1] == "[":
                self.take(newlines)
                if self.accept("*", False):
                    value = ("splat", value)
                else:
                    value = ("get", value, self.expression(False))
                self.expect("]", False)
            else:
                return value

    def primary(self, newlines):
        kind, text = self.take(newlines)
        if kind == "number":
            return ("value", float(text) if "." in text else int(text))
        if kind == "quote":
            return self.template()
        if kind == "name":
            if text in ("true", "false", "null"):
                return ("value", {"true": True, "false": False, "null": None}[text])
            return self.call(text) if self.accept("(", newlines) else ("name", text)
        if text == "(":
            value = self.expression(False)
            self.expect(")", False)
            return value
        if text == "[":
            return self.for_each("]") if self.peek(False)[1] == "for" else ("list", self.items("]"))
        if text == "{":
            return self.for_each("}") if self.peek(False)[1] == "for" else ("object", self.pairs())
        raise self.error(f"expected a value, found {text!r}")

    def call(self, name):
        if name not in FUNCTIONS:
            raise self.error(f"the function `{name}` is not known here")
        return ("call", name, self.items(")"))

    def items(self, end):
        items = []
        while not self.accept(end, False):
            items.append(self.expression(False))
            self.accept("...", False)
            if not self.accept(",", False):
                self.expect(end, False)
                break
        return items

    def pairs(self):
        pairs = []
        while True:
            self.skip_newlines()
            if self.accept("}"):
                return pairs
            key = self.primary(True) if self.peek()[0] == "quote" or self.peek()[1] == "(" else ("value", self.take()[1])
            if not self.accept("="):
                self.expect(":")
            pairs.append((key, self.expression()))
            self.accept(",")

    def for_each(self, end):
        self.expect("for", False)
        names = [self.take(False)[1]]
        if self.accept(",", False):
            names.append(self.take(False)[1])
        self.expect("in", False)
        over = self.expression(False)
        self.expect(":", False)
        key = None
        value = self.expression(False)
        if end == "}":
            self.expect("=>", False)
            key, value = value, self.expression(False)
        condition = self.expression(False) if self.accept("if", False) else None
        self.expect(end, False)
        return ("for", names, over, key, value, condition)

    def template(self):
        """The text after a quote, up to the closing quote."""
        parts, text = [], ""
        while True:
            if self.at >= len(self.text) or self.text[self.at] == "\n":
                raise self.error("the text has no end")
            char = self.text[self.at]
            self.at += 1
            if char == '"':
                break
            if char == "\\":
                text += ESCAPES[self.text[self.at]]
                self.at += 1
            elif char == "$" and self.text.startswith("${", self.at):  # $${ is a literal ${
                text += "${"
                self.at += 2
            elif char == "$" and self.text.startswith("{", self.at):
                self.at += 1
                parts += [("value", text), self.expression(False)]
                text = ""
                self.expect("}", False)
            else:
                text += char
        return ("template", parts + [("value", text)]) if parts else ("value", text)


def read(path):
    """A file as a block."""
    return Parser(Path(path).read_text(), str(path)).body(Block("file", [], 1), None)


def names(expression, bound=frozenset()):
    """All references of an expression, each as the list of names from its root: ["var", "name"]."""
    if not isinstance(expression, tuple):
        if isinstance(expression, list):
            for item in expression:
                yield from names(item, bound)
        return
    kind = expression[0]
    if kind == "value":
        return
    if kind in ("get", "name", "splat"):
        path, at = [], expression
        while at[0] in ("get", "splat"):
            if at[0] == "get":
                if at[2][0] == "value":
                    path.insert(0, at[2][1])
                else:
                    yield from names(at[2], bound)
                    path.insert(0, None)
            at = at[1]
        if at[0] == "name":
            if at[1] not in bound:
                yield [at[1], *path]
        else:
            yield from names(at, bound)
    elif kind == "for":
        yield from names(expression[2], bound)
        for part in expression[3:]:
            if part:
                yield from names(part, bound | set(expression[1]))
    else:
        for part in expression[1:]:
            yield from names(part, bound)


class Scope(dict):
    """The values of the names in an expression; values that are functions are evaluated on use."""

    def look_up(self, name):
        if name not in self:
            raise HclError(f"`{name}` stands for nothing here")
        return self[name]


def get(value, key):
    if callable(value):
        return value(key)
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        raise HclError(f"{key!r} is not in {value!r}") from None


def text_of(value):
    return json.dumps(value) if isinstance(value, bool) else str(value)


def binary(sign, left, right):
    return {
        "==": lambda: left == right and type(left) is type(right), "!=": lambda: left != right,
        "<": lambda: left < right, ">": lambda: left > right, "<=": lambda: left <= right, ">=": lambda: left >= right,
        "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "/": lambda: left / right,
        "%": lambda: left % right,
    }[sign]()


def evaluate(expression, scope):
    kind, *parts = expression
    if kind == "value":
        return parts[0]
    if kind == "name":
        return scope.look_up(parts[0])
    if kind == "get":
        return get(evaluate(parts[0], scope), evaluate(parts[1], scope))
    if kind == "splat":
        value = evaluate(parts[0], scope)
        return value if isinstance(value, list) else [value]
    if kind == "template":
        return "".join(text_of(evaluate(part, scope)) for part in parts[0])
    if kind == "list":
        return [evaluate(part, scope) for part in parts[0]]
    if kind == "object":
        return {text_of(evaluate(key, scope)): evaluate(value, scope) for key, value in parts[0]}
    if kind == "if":
        return evaluate(parts[1] if evaluate(parts[0], scope) else parts[2], scope)
    if kind == "unary":
        value = evaluate(parts[1], scope)
        return not value if parts[0] == "!" else -value
    if kind == "binary":
        sign, left, right = parts
        left = evaluate(left, scope)
        if sign in ("&&", "||"):
            return left if bool(left) == (sign == "||") else evaluate(right, scope)
        return binary(sign, left, evaluate(right, scope))
    if kind == "call":
        return call(parts[0], parts[1], scope)
    return for_each(parts, scope)


def for_each(parts, scope):
    variables, over, key, value, condition = parts
    over = evaluate(over, scope)
    pairs = over.items() if isinstance(over, dict) else enumerate(over)
    found = []
    for pair in pairs:
        inner = Scope(scope)
        inner.update(zip(variables, pair if len(variables) == 2 else pair[1:]))
        if condition is None or evaluate(condition, inner):
            found.append((evaluate(key, inner) if key else None, evaluate(value, inner)))
    return dict(found) if key else [value for _, value in found]


def can(expression, scope):
    try:
        evaluate(expression, scope)
        return True
    except HclError:
        return False


def regex(pattern, text):
    match = re.search(pattern, text)
    if not match:
        raise HclError(f"{text!r} does not match")
    return match.group()


def one(items):
    if len(items) > 1:
        raise HclError("more than one")
    return items[0] if items else None


def flatten(items):
    return [part for item in items for part in (flatten(item) if isinstance(item, list) else [item])]


FUNCTIONS = {
    "alltrue": all, "concat": lambda *lists: [item for each in lists for item in each],
    "contains": lambda items, item: item in items, "endswith": str.endswith, "file": lambda path: Path(path).read_text(),
    "filebase64sha256": lambda path: hashlib.sha256(path.encode()).hexdigest(), "flatten": flatten,
    "jsondecode": json.loads, "jsonencode": lambda value: json.dumps(value, separators=(",", ":")), "length": len,
    "merge": lambda *maps: {key: value for each in maps for key, value in each.items()}, "one": one, "regex": regex,
    "sha256": lambda text: hashlib.sha256(text.encode()).hexdigest(), "startswith": str.startswith,
    "toset": lambda items: items, "trimprefix": str.removeprefix, "can": None,
    # In types.
    "list": None, "map": None, "object": None, "set": None,
}


def call(name, arguments, scope):
    if name == "can":
        return can(arguments[0], scope)
    return FUNCTIONS[name](*(evaluate(argument, scope) for argument in arguments))
