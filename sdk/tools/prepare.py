"""Prepares the OpenAPI document for openapi-generator: `prepare.py IN OUT`.

The document is OpenAPI 3.1 and says exactly what the service answers. The generator's 3.1 support is young: three things in it come
out as code that cannot read an answer. They are said here in a way that the generator understands; what the clients accept and
send stays the same, so that no generated code is ever edited.

1. An optional property that may be null becomes one that is only optional: absent and null are one thing to a client, and the
   generator would make a pointer to a pointer of it.
2. A choice between plain objects (`oneOf`) becomes one object with the members of all, required where all of them require it: the
   generator would merge the choice where it is part of an `allOf`, and require every member of every alternative.
3. An answer that comes in several formats keeps JSON alone, and the parameters that choose a format go: the generated operations
   return JSON models. NDJSON is read by the hand-written `stream`.

Owns nothing else: names, descriptions and all other constraints pass through.
"""

import json
import sys

FORMAT_PARAMETERS = {"format", "raw", "trailer"}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def main(source, target):
    with open(source, encoding="utf-8") as file:
        document = json.load(file)
    schemas = document["components"]["schemas"]
    for name in schemas:
        schemas[name] = plain_schema(schemas[name], schemas)
    for path in document["paths"].values():
        for operation in (path[method] for method in METHODS & path.keys()):
            keep_json(operation)
            for parameter in operation.get("parameters", []):
                parameter["schema"] = without_null(parameter["schema"])
    with open(target, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)


def plain_schema(schema, schemas):
    """The schema with its optional properties not null, and its choices of objects as one object, at every depth."""
    if isinstance(schema, list):
        return [plain_schema(item, schemas) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: plain_schema(value, schemas) for key, value in schema.items()}
    required = schema.get("required", [])
    properties = schema.get("properties", {})
    for name in properties:
        if name not in required:
            properties[name] = without_null(properties[name])
    return merged_choice(schema, schemas)


def without_null(schema):
    """The schema without `null` among its types or its alternatives."""
    types = schema.get("type")
    if isinstance(types, list):
        others = [kind for kind in types if kind != "null"]
        return {**schema, "type": others[0] if len(others) == 1 else others}
    alternatives = schema.get("oneOf", [])
    others = [one for one in alternatives if one != {"type": "null"}]
    if len(others) == len(alternatives) or len(others) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key != "oneOf"}
    return {**others[0], **rest}


def merged_choice(schema, schemas):
    """A `oneOf` of plain objects as one object; any other schema as it is."""
    alternatives = [resolved(one, schemas) for one in schema.get("oneOf", [])]
    if not alternatives or "discriminator" in schema or not all("properties" in one for one in alternatives):
        return schema
    properties = {name: value for one in alternatives for name, value in one["properties"].items()}
    required = [name for name in properties if all(name in one.get("required", []) for one in alternatives)]
    rest = {key: value for key, value in schema.items() if key != "oneOf"}
    return {**rest, "type": "object", "properties": properties, "required": required}


def resolved(schema, schemas):
    reference = schema.get("$ref", "")
    return schemas[reference.removeprefix("#/components/schemas/")] if reference else schema


def keep_json(operation):
    """Answers in JSON alone, and no parameter that asks for another format."""
    for answer in operation["responses"].values():
        content = answer.get("content", {})
        if "application/json" in content:
            answer["content"] = {"application/json": content["application/json"]}
    parameters = operation.get("parameters", [])
    operation["parameters"] = [one for one in parameters if one["name"] not in FORMAT_PARAMETERS]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    main(sys.argv[1], sys.argv[2])
