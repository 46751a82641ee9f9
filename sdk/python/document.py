"""The API's document as openapi-python-client 0.29 can read it: the same, without the one schema that it leaves out.

It takes no `allOf` over a `oneOf`, which is how `FieldError` says that a fault has a `parameter` or a `pointer`; here it has
both, optional. Usage: document.py IN OUT.
"""

import json
import sys
from pathlib import Path
from typing import Any


def flattened(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """One object with the members of all parts; those of alternatives are optional."""
    flat: dict[str, Any] = {"type": "object", "description": schema.get("description", ""), "properties": {}, "required": []}
    for part in schema["allOf"]:
        part = schemas[part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part
        for alternative in part.get("oneOf", [part]):
            flat["properties"] |= alternative["properties"]
        flat["required"] += part.get("required", [])
    return flat


def main(source: str, target: str) -> None:
    document = json.loads(Path(source).read_text())
    schemas = document["components"]["schemas"]
    if "allOf" in schemas["FieldError"]:
        schemas["FieldError"] = flattened(schemas["FieldError"], schemas)
    Path(target).write_text(json.dumps(document))


main(*sys.argv[1:])
