"""Tests of hcl.py and terraform.py: input that they must accept or refuse."""

import tempfile
import unittest
from pathlib import Path

import hcl
import policies
import terraform

ROOT = Path(__file__).resolve().parents[1]
HEAD = 'terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n\n'


def value(text, **names):
    return hcl.evaluate(hcl.Parser(text, "test").expression(), hcl.Scope(names))


def mistakes(text, **files):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {"main": HEAD + text, **files}.items():
            path = Path(folder) / f"{name}.tf"
            path.write_text(content)
        return "\n".join(terraform.mistakes(folder))


class Expressions(unittest.TestCase):
    def test_values(self):
        for text, expected in [
            ('"a${1 + 2 * 3}b$${c}"', "a7b${c}"), ("[1, true, null]", [1, True, None]), ('{ a = 1, "b" = "x" }', {"a": 1, "b": "x"}),
            ("var.a ? 1 : 2", 1), ('[for n, v in { k = 1 } : "${n}${v}"]', ["k1"]), ('{ for v in ["a"] : v => "${v}!" }', {"a": "a!"}),
            ("!var.a || 1 == 1 && 2 >= 3", False), ("concat([1], [2])[1]", 2), ('trimprefix("ssm:/a", "ssm:")', "/a"),
            ('can(regex("^a$", "b"))', False), ("(\n1\n+ 2)", 3), ('[for v in [1, 2] : v if v > 1]', [2]),
        ]:
            self.assertEqual(value(text, var={"a": True}), expected, text)

    def test_mistakes_name_the_line(self):
        for text, expected in [
            ("a = 1\nb = = 2\n", "test:2: expected a value, found '='"), ('a = "x\n', "the text has no end"),
            ("a = 1\na = 2\n", "`a` is there twice"), ("a = nope(1)\n", "the function `nope` is not known here"),
            ("a = 1 b = 2\n", "expected the end of the line"), ("a {\n", "expected a name"), ("a = [1\n", "expected ']'"),
        ]:
            with self.assertRaisesRegex(hcl.HclError, expected.replace("`", ".").replace("[", r"\[").replace("(", r"\(")):
                hcl.Parser(text, "test").body(hcl.Block("file", [], 1), None)

    def test_an_unknown_name_is_an_error(self):
        with self.assertRaisesRegex(hcl.HclError, "stands for nothing"):
            value("var.a")


class Checks(unittest.TestCase):
    def test_what_does_not_exist_is_found(self):
        for text, expected in [
            ("locals {\n  a = var.none\n}\n", "`var.none` does not exist"), ("locals {\n  a = local.none\n}\n", "`local.none`"),
            ("locals {\n  a = aws_lb.none.arn\n}\n", "`aws_lb.none.arn` does not exist"),
            ("locals {\n  a = data.aws_region.none.id\n}\n", "`data.aws_region.none.id`"), ('locals {\n  a = "${[for v in [1] : w]}"\n}\n', "`w`"),
            ("locals {\n  a = module.none.x\n}\n", "`module.none.x`"),
        ]:
            self.assertIn(expected, mistakes(text), text)

    def test_what_is_not_used_or_described_is_found(self):
        text = 'variable "a" {\n  validation {\n    condition     = var.a\n    error_message = "x"\n  }\n}\n\noutput "o" {\n  value = 1\n}\n'
        found = mistakes(text)
        for expected in ("variable `a` has no description", "variable `a` has no type", "variable `a` is not used", "output `o` has no"):
            self.assertIn(expected, found)

    def test_calls_of_modules_must_fit(self):
        module = 'module "m" {\n  source = "%s"\n\n  nonsense = 1\n}\n' % (ROOT / "terraform/source-role")
        found = mistakes(module)
        self.assertIn("module `m` has no variable `nonsense`", found)
        self.assertIn("module `m` needs `external_id`", found)

    def test_format(self):
        for text, expected in [
            ("locals {\n   a = 1\n}\n", "is not indented by 2"), ("locals {\n  a = 1\n  bb = 2\n}\n", "`=` is not in one column"),
            ("locals {\n  a =  1\n}\n", "one blank after"), ("locals {\n  a = 1 \n}\n", "blanks at the end"), ("locals {\n}", "one line break"),
        ]:
            self.assertIn(expected, str(terraform.badly_formatted(text)), text)
        self.assertEqual(terraform.badly_formatted('locals {\n  a  = 1\n  bb = "{"\n  c = {\n    d = 1\n  }\n}\n'), [])

    def test_variables_refuse_what_they_should(self):
        for module, inputs in [
            ("policy", {"log_group_arns": ["arn:aws:logs:eu-central-1:111122223333:log-group:/acme/api:*"]}), ("policy", {"config": "ssm:name"}),
            ("policy", {"source_role_arns": ["*"]}), ("lambda", {"architecture": "x86"}), ("lambda", {"front_door": "alb"}),
            ("fargate", {"image": "logmark:latest"}), ("fargate", {"image": "logmark"}), ("fargate", {"public_url": "http://a"}),
            ("source-role", {"external_id": "short"}), ("source-role", {"log_group_arns": []}), ("access-logs", {"retention_days": 2}),
        ]:
            made = terraform.Module(ROOT / "terraform" / module, inputs)
            rules = made.variables()[next(iter(inputs))].all("validation")
            refused = [not hcl.evaluate(rule.attributes["condition"], made.scope()) for rule in rules]
            self.assertTrue(any(refused), (module, inputs))

    def test_the_modules_of_an_example_fit_together(self):
        inputs = {"account": "111122223333", "architecture": "arm64", "cursor_key_secret_arn": policies.SECRET}
        function = terraform.Module(ROOT / "terraform/examples/lambda", inputs).child("logmark")
        self.assertEqual(function.refusals(), [])
        self.assertIn("/shared/gateway:*", str(function.role_policies("logmark")))


if __name__ == "__main__":
    unittest.main()
