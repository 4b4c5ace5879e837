"""Writes src/trainyard/types.py, the types of requests and answers, from the server's OpenAPI document.

    python scripts/generate_types.py            # writes the file
    python scripts/generate_types.py --check    # fails if it is not what this would write

Needs the standard library alone. Every component of the document becomes a TypedDict or an alias. An object
inside another one gets the name of its place, such as NetworkModelInput.
"""

from __future__ import annotations

import json
import keyword
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent
DOCUMENT = FOLDER.parent.parent / "test" / "api" / "openapi.json"
OUTPUT = FOLDER / "src" / "trainyard" / "types.py"

# A literal of more values, such as all error codes, says no more than `str` and is wrong with the next server.
MAX_LITERAL = 24

HEADER = '''"""Types of the requests and answers of the server.

Written by scripts/generate_types.py from the OpenAPI document: do not edit. They are plain dicts when a program
runs. Answers of a newer server may have more fields than these types.
"""

# ruff: noqa: D400, D415, E501
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Literal, TypedDict, Union

if TYPE_CHECKING:
    # type checkers know it, and it need not be installed
    from typing_extensions import NotRequired
'''

SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}

Schema = dict[str, Any]


class Generator:
    def __init__(self, schemas: dict[str, Schema]) -> None:
        self.schemas = schemas
        self.classes: dict[str, str] = {}
        self.aliases: dict[str, tuple[Schema, str]] = {}

    def render(self) -> str:
        for name, schema in sorted(self.schemas.items()):
            if is_record(schema):
                self.classes[name] = self.record(name, schema)
            else:
                self.aliases[name] = (schema, self.type_of(schema, name, name + "Object"))
        # aliases run when the module loads, so each comes after what it names
        parts = [HEADER]
        parts += [self.classes[name] for name in sorted(self.classes)]
        parts += self.ordered_aliases()
        return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"

    def ordered_aliases(self) -> list[str]:
        written: dict[str, str] = {}

        def write(name: str) -> None:
            if name in written:
                return
            schema, text = self.aliases[name]
            for other in sorted(self.aliases):
                if other != name and f'"{other}"' in quoted_names(text, self.aliases):
                    write(other)
            doc = schema.get("description")
            written[name] = f"{name} = {text}" + (f'\n"""{sentence(doc)}"""' if doc else "")

        for name in sorted(self.aliases):
            write(name)
        return list(written.values())

    def record(self, name: str, schema: Schema) -> str:
        required = set(schema.get("required", ()))
        fields: list[tuple[str, str, str | None]] = []
        for field, inner in schema["properties"].items():
            text = self.type_of(inner, name + camel(field))
            if field not in required:
                text = f"NotRequired[{text}]"
            fields.append((field, text, inner.get("description")))
        doc = schema.get("description")
        if any(not field.isidentifier() or keyword.iskeyword(field) for field, _, _ in fields):
            # the only syntax for a key such as `from`, which is evaluated when the module loads
            items = "".join(f"        {field!r}: {text!r},\n" for field, text, _ in fields)
            comment = f"# {sentence(doc)}\n" if doc else ""
            return f"{comment}{name} = TypedDict(\n    {name!r},\n    {{\n{items}    }},\n)"
        lines = [f"class {name}(TypedDict):"]
        if doc:
            lines += [f'    """{sentence(doc)}"""', ""]
        for field, text, about in fields:
            lines.append(f"    {field}: {text}")
            if about:
                lines.append(f'    """{sentence(about)}"""')
        if not fields:
            lines.append("    pass")
        return "\n".join(lines)

    def type_of(self, schema: Schema, name: str, member: str | None = None) -> str:
        """`name`: of an object in this place; `member`: of the only object of a union, if not `name`."""
        if "$ref" in schema:
            return str(schema["$ref"]).rsplit("/", 1)[1]
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        if "enum" in schema:
            values = schema["enum"]
            if len(values) > MAX_LITERAL:
                return "str"
            return f"Literal[{', '.join(repr(value) for value in values)}]"
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self.union(schema[union], name, member or name)
        kind = schema.get("type")
        if isinstance(kind, list):
            return join(SCALARS[each] for each in kind)
        if kind == "array":
            items = schema.get("items")
            return f"List[{self.type_of(items, name + 'Item') if items else 'Any'}]"
        if kind == "object":
            if is_record(schema):
                while name in self.schemas:
                    # a component of the document has this name, and other fields
                    name += "Details"
                if name not in self.classes:
                    self.classes[name] = self.record(name, schema)
                return name
            values = schema.get("additionalProperties")
            inner = self.type_of(values, name + "Value") if isinstance(values, dict) else "Any"
            return f"Dict[str, {inner}]"
        return SCALARS.get(kind, "Any") if kind else "Any"

    def union(self, members: list[Schema], name: str, only: str) -> str:
        # with `fields`, a list answers parts of its items; types are of whole items
        members = [each for each in members if not is_selection(each)]
        records = [each for each in members if is_record(each)]
        return join(
            self.type_of(each, only if len(records) < 2 else f"{name}{index}")
            for index, each in enumerate(members, 1)
        )


def is_record(schema: Schema) -> bool:
    return schema.get("type") == "object" and "properties" in schema


def is_selection(schema: Schema) -> bool:
    return str(schema.get("$ref", "")).endswith("Fields")


def join(types: Any) -> str:
    distinct = list(dict.fromkeys(types))
    return distinct[0] if len(distinct) == 1 else f"Union[{', '.join(distinct)}]"


def quoted_names(text: str, names: Any) -> str:
    words = text.replace("[", " ").replace("]", " ").replace(",", " ").split()
    return " ".join(f'"{word}"' for word in words if word in names)


def camel(field: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in field).split()
    return "".join(word[0].upper() + word[1:] for word in words)


def sentence(text: str) -> str:
    """As a docstring on one line."""
    return " ".join(text.split()).replace("\\", "\\\\").replace('"', "'")


def main(arguments: list[str]) -> int:
    schemas = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]
    text = Generator({n: s for n, s in schemas.items() if not n.endswith("Fields")}).render()
    if "--check" in arguments:
        if OUTPUT.read_text(encoding="utf-8") == text:
            return 0
        print(f"{OUTPUT} is out of date; run: python {Path(__file__).name}", file=sys.stderr)
        return 1
    OUTPUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
