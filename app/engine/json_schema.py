"""A JSON schema as the grammar that only lets matching JSON through; the binding's converter does it."""

from __future__ import annotations

import json

from llama_cpp.llama_grammar import json_schema_to_gbnf

from app.core.errors import AppError


def grammar_from_schema(schema: str) -> str:
    """GBNF for a JSON schema; `{}` lets any JSON through.

    Raises:
        AppError: It is no JSON, or uses what the converter does not know.
    """
    try:
        json.loads(schema)
    except ValueError as error:
        raise AppError(f"The JSON schema is not JSON: {error}.") from error
    try:
        return str(json_schema_to_gbnf(schema))
    except Exception as error:  # the converter asserts and indexes its way through unknown schemas
        reason = str(error) or type(error).__name__
        raise AppError(f"The JSON schema cannot be made a grammar: {reason}.", "Simplify it, or give GBNF.") from error
