"""Prepares the OpenAPI document for openapi-generator: `prepare.py IN OUT`.

The document is OpenAPI 3.1 and says exactly what the service takes and answers. The generator's 3.1 support is young, and what some of it
comes out as can't read an answer, or can't be compiled. That is said here in a way that the generator understands; what the clients
accept and send stays the same, so that no generated code is ever edited.

1. An optional property that may be null becomes one that is only optional: absent and null are one thing to a client, and the
   generator would make a pointer to a pointer of it.
2. A choice between plain objects (`oneOf`) becomes one object with the members of all, required where all of them require it: the
   generator would merge the choice where it is part of an `allOf`, and require every member of every alternative.
3. A choice between a text and a number becomes the text: every such number can be written as one.
4. Of an `allOf` with a list, the list is kept: the generator merges objects alone. `uniqueItems` goes: it would make a type of it that it
   then does not write.
5. An answer that comes in several formats keeps JSON alone, and the parameters that choose a format go: the generated operations
   return JSON models. NDJSON is read by the hand-written `stream`. For the same reason `If-None-Match` goes: 304 has no model.

Owns nothing else: names, descriptions and all other constraints pass through.
"""

import json
import sys

OTHER_ANSWERS = {"format", "raw", "trailer", "If-None-Match"}
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
            for parameter in operation["parameters"]:
                parameter["schema"] = without_null(plain_schema(parameter["schema"], schemas))
    with open(target, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)


def plain_schema(schema, schemas):
    """The schema in the form that the generator supports, at every depth."""
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
    schema.pop("uniqueItems", None)
    return merged_choice(text_of_choice(list_of_all(schema)), schemas)


def list_of_all(schema):
    """The list in an `allOf`; any other schema unchanged."""
    lists = [one for one in schema.get("allOf", []) if one.get("type") == "array"]
    rest = {key: value for key, value in schema.items() if key != "allOf"}
    return {**lists[0], **rest} if lists else schema


def text_of_choice(schema):
    """The text of a choice between a text and a number; any other schema unchanged."""
    alternatives = schema.get("oneOf", [])
    texts = [one for one in alternatives if one.get("type") == "string"]
    if len(texts) != 1 or any(one.get("type") not in ("string", "integer", "number") for one in alternatives):
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("oneOf", "examples")}
    return {**texts[0], **rest}


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
    """A `oneOf` of plain objects as one object; any other schema unchanged."""
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
    """Only answers in JSON, and no parameter that selects another format."""
    for answer in operation["responses"].values():
        content = answer.get("content", {})
        if "application/json" in content:
            answer["content"] = {"application/json": content["application/json"]}
    parameters = operation.get("parameters", [])
    operation["parameters"] = [one for one in parameters if one["name"] not in OTHER_ANSWERS]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    main(sys.argv[1], sys.argv[2])
