"""Writes the JSON Schemas that give editors hints; a test checks that they are current."""

from __future__ import annotations

import json

from bot.guidance.shapes import FILES, json_schema
from tests.test_content import schema_path

if __name__ == "__main__":
    for key in FILES:
        path = schema_path(key)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(json_schema(key), indent=1, ensure_ascii=False) + "\n")
