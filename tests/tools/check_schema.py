"""Validates JSON lines against a JSON Schema: `check_schema.py SCHEMA`, then a line `{"file": …}` for each file of lines.

Answers each line with a JSON array of faults; `[]`: every line of the file is valid.
"""

import json
import sys

import jsonschema


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for request in sys.stdin:
        faults = []
        with open(json.loads(request)["file"], encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                for error in validator.iter_errors(json.loads(line)):
                    causes = [cause.message for cause in error.context or []]
                    faults.append(f"line {number}: {error.message} {causes} {line}")
        print(json.dumps(faults), flush=True)


if __name__ == "__main__":
    main()
