"""How GeoReport v2 writes its answers: XML without a schema or namespace, and JSON by the "Spark" convention."""

import json
from typing import Any
from xml.sax.saxutils import escape

#: (list element, row element) of each answer.
SHAPES = {
    "services": ("services", "service"),
    "requests": ("service_requests", "request"),
    "errors": ("errors", "error"),
}
_ROWS = {"attributes": "attribute", "values": "value"}
#: Characters that XML 1.0 cannot hold, beside what escape() sees to.
_NOT_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 65534, 65535, *range(55296, 57344)])


def as_json(answer: Any) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def rows_as_xml(shape: str, rows: list[dict[str, Any]]) -> bytes:
    """A list of rows; ``shape`` is a key of SHAPES."""
    outer, inner = SHAPES[shape]
    return _document(f"<{outer}>{''.join(_element(inner, row) for row in rows)}</{outer}>")


def one_as_xml(name: str, row: dict[str, Any]) -> bytes:
    """A single element: service_definition, discovery."""
    return _document(_element(name, row))


def _document(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'.encode("utf-8", "replace")


def _element(name: str, value: Any) -> str:
    if value is None or value == "":
        return f"<{name}/>"
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, one) for key, one in value.items())}</{name}>"
    if isinstance(value, list):
        row = _ROWS.get(name, name.removesuffix("s"))
        return f"<{name}>{''.join(_element(row, one) for one in value)}</{name}>"
    said = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(said.translate(_NOT_XML))}</{name}>"
