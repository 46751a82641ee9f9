"""Writes families.tsv and crawlers.tsv from the two data sets, whose licences are in LICENSE.uap-core and LICENSE.crawler-user-agents.

Usage: update.py REGEXES_PY CRAWLER_USER_AGENTS_JSON

REGEXES_PY is `ua_parser_builtins/regexes.py` of the Python package `ua-parser-builtins`, a monthly build of uap-core's regexes.yaml.
CRAWLER_USER_AGENTS_JSON is `crawler-user-agents.json` of the npm package `crawler-user-agents`.
"""

import json
import pathlib
import runpy
import sys
import types

FOLDER = pathlib.Path(__file__).parent


class Rule:
    """Stands for the classes of ua_parser that the module of the rules calls: the pattern, and the name in place of the first group."""

    def __init__(self, pattern, name=None, *_versions):
        self.pattern, self.name = pattern, name or ""


def families(path):
    parser = types.ModuleType("ua_parser.user_agent_parser")
    parser.UserAgentParser = parser.OSParser = parser.DeviceParser = Rule
    sys.modules["ua_parser"] = types.ModuleType("ua_parser")
    sys.modules["ua_parser.user_agent_parser"] = parser
    rules = runpy.run_path(path)
    for kind, name in [("family", "USER_AGENT_PARSERS"), ("system", "OS_PARSERS")]:
        for rule in rules[name]:
            yield kind, rule.pattern, rule.name


def crawlers(path):
    for entry in json.loads(pathlib.Path(path).read_text()):
        # The first tag is the main purpose.
        yield (entry.get("tags") or ["bot"])[0], entry["pattern"]


def write(name, rows):
    lines = []
    for row in rows:
        if any("\t" in cell or "\n" in cell for cell in row):
            raise SystemExit(f"{name}: a tab or a line end in {row}")
        lines.append("\t".join(row) + "\n")
    (FOLDER / name).write_text("".join(lines))
    print(f"{name}: {len(lines)} rules")


write("families.tsv", families(sys.argv[1]))
write("crawlers.tsv", crawlers(sys.argv[2]))
