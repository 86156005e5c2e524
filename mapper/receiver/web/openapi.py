"""OpenAPI: a description of the requests that a receiver takes, and of its answers (OpenAPI 3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mapper.language.forms import JsonForm
from mapper.receiver.configuration.checks import (
    BasicCheck,
    BearerCheck,
    Check,
    DigestCheck,
    HeaderCheck,
    QueryCheck,
    SignatureCheck,
)
from mapper.receiver.configuration.configuration import Configuration, RequestSource
from mapper.version import __version__

_REFUSALS = {
    400: "The query or the length of the body cannot be read, or the packed body is damaged.",
    401: "The request is not authenticated; nothing is stored.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is packed in another way than with gzip.",
    431: "The head is too large.",
    503: "The receiver is overloaded, or cannot write; send the request again.",
}
_HEADERS = {
    401: {"WWW-Authenticate": "The scheme of authentication."},
    415: {"Accept-Encoding": "The encoding that is taken."},
    503: {"Retry-After": "The seconds after which to send again."},
}
_ERROR: JsonForm = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
    "additionalProperties": False,
}
_HEALTH: JsonForm = {
    "type": "object",
    "properties": {
        "status": {"enum": ["alive", "ready", "degraded", "overloaded"]},
        "reasons": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("message", "code", "place")},
                "required": ["message", "code", "place"],
            },
        },
    },
    "required": ["status", "reasons"],
}


def openapi_of(configuration: Configuration) -> JsonForm:
    """The description of a configuration's sources, as JSON. It names headers and parameters, no secret."""
    schemes: dict[str, JsonForm] = {}
    paths: dict[str, JsonForm] = {}
    for source in configuration.sources:
        required: dict[str, list[str]] = {}
        for check in source.verify:
            for name, scheme in _schemes(check):
                schemes[name] = scheme
                required[name] = []
        for method in source.methods:
            operation = _operation(source, method, required)
            paths.setdefault(source.path, {})[method.lower()] = operation
    refused = {"503": _response("Requests are refused.", "HealthAnswer", _HEADERS[503])}
    paths["/livez"] = {"get": _look("livez", "The process answers.", {})}
    paths["/readyz"] = {"get": _look("readyz", "Requests are taken.", refused)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "A receiver of webhooks", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {"ErrorAnswer": _ERROR, "HealthAnswer": _HEALTH},
            "securitySchemes": schemes,
        },
    }


def _operation(source: RequestSource, method: str, required: dict[str, list[str]]) -> JsonForm:
    responses = {str(status): _refusal(status, text) for status, text in _REFUSALS.items()}
    if not source.verify:
        del responses["401"]
    names = ", ".join(path.stem for path in source.mappings)
    vendor = "" if source.profile is None else f" {source.profile.description}"
    return {
        "operationId": re.sub(r"\W+", "_", f"{method}{source.path}").strip("_"),
        "summary": f"Requests for the mapping {names}.{vendor}",
        "security": [required] if required else [],
        "requestBody": {
            "description": f"At most {source.max_body} bytes, packed with gzip or not. It is mapped after the"
            " answer, so a body that cannot be read is a success, too.",
            "content": {"application/json": {"schema": {}}, "*/*": {"schema": {}}},
        },
        "responses": {
            str(source.answer): {
                "description": "The request is on disk.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **responses,
        },
    }


def _look(name: str, text: str, more: dict[str, JsonForm]) -> JsonForm:
    answers = {"200": _response(text, "HealthAnswer", {}), **more}
    return {"operationId": name, "summary": text, "security": [], "responses": answers}


def _refusal(status: int, text: str) -> JsonForm:
    return _response(text, "ErrorAnswer", _HEADERS.get(status, {}))


def _response(text: str, schema: str, headers: dict[str, str]) -> JsonForm:
    written: JsonForm = {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }
    if headers:
        written["headers"] = {
            name: {"description": meaning, "required": False, "schema": {"type": "string"}}
            for name, meaning in headers.items()
        }
    return written


def _schemes(check: Check) -> Iterator[tuple[str, JsonForm]]:
    """The security schemes of a check by their names; a request needs all of them."""
    match check:
        case HeaderCheck(header=name):
            yield _key("header", name, "A secret.")
        case BearerCheck():
            yield "bearer", {"type": "http", "scheme": "bearer"}
        case BasicCheck():
            yield "basic", {"type": "http", "scheme": "basic"}
        case QueryCheck(parameter=name):
            yield _key("query", name, "A secret.")
        case DigestCheck(parameter=name, license_parameter=license_name):
            yield _key("query", name, "The MD5 in hex of secrets, joined by `:`.")
            if license_name:
                yield _key("query", license_name, "The first of these secrets.")
        case SignatureCheck(signature=signature):
            text = f"An HMAC with {signature.algorithm} of the request, in {signature.encoding}."
            yield _key("header", signature.header, text)
            for name in sorted(signature.headers - {signature.header}):
                yield _key("header", name, "Part of the signed text.")


def _key(place: str, name: str, text: str) -> tuple[str, JsonForm]:
    scheme: JsonForm = {"type": "apiKey", "in": place, "name": name, "description": text}
    return f"{place}_{re.sub(r'[^A-Za-z0-9._-]', '_', name)}", scheme
