"""Form body: a form becomes the body that its mapping reads, from bytes or as a host has parsed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.render.visible import shown
from mapper.runtime.forms.brackets import nest
from mapper.runtime.forms.pairs import FormFault, read_pairs
from mapper.runtime.json.locations import write_location
from mapper.runtime.limits import Limits
from mapper.runtime.repair.policy import Policy, Repair
from mapper.transform.json_text import Body, JsonText, decode_body, read_text
from mapper.transform.other_formats import name_non_form


def read_form_body(raw: bytes, policy: Policy, limits: Limits) -> Body | Diagnostic:
    """The object of a form, or the reason why it has none (M601, M602, M606, M608, M609, M628)."""
    decoded = decode_body(raw, policy)
    if isinstance(decoded, Diagnostic):
        return decoded
    try:
        # A file ends with a line end. Forms have none in them: a line end of a field is written as `%0A`.
        text = decoded.text.rstrip("\r\n")
        named = name_non_form(text)
        if named is not None:
            return Diagnostic("M628", f"the body is {named.title}", hints=(named.hint,), location="$")
        form = read_pairs(text, limits.form_fields, replaces=policy.replaces_bytes)
        return _read_fields(form.pairs, (*decoded.repairs, *form.repairs), policy, limits)
    except FormFault as fault:
        return _diagnostic(fault)


def read_parsed_form(form: object, policy: Policy, limits: Limits) -> Body | Diagnostic:
    """The body of a form that a host has parsed, as plain JSON types; it may hold any values.

    Names with brackets are nested, and if the field that is JSON is still text, it is read.
    """
    if not isinstance(form, dict):
        return Body(form, False)
    try:
        body = _read_fields(form.items(), (), policy, limits, parsed=form)
    except FormFault as fault:
        return _diagnostic(fault)
    return body if isinstance(body, Diagnostic) else replace(body, is_plain=False)


def _read_fields(
    pairs: Iterable[tuple[str, object]],
    repairs: tuple[Repair, ...],
    policy: Policy,
    limits: Limits,
    *,
    parsed: Mapping[str, object] | None = None,
) -> Body | Diagnostic:
    """The body of the fields of a form, which a host may have `parsed`; raises FormFault."""
    body = nest(pairs, limits.nesting, limits.values) if policy.nests else dict(pairs)
    name = policy.field
    if name is None or name not in body:
        return Body(body, True, repairs)
    text, location = body[name], write_location((name,))
    title = f"the field `{shown(name)}`"
    if not isinstance(text, str):
        if parsed is not None and name in parsed:  # not made of names with brackets
            return Body(body, True, repairs)
        return Diagnostic("M628", f"{title} is no text that could be JSON", location=location)
    # The object of the form is one level more.
    inside = replace(limits, nesting=max(1, limits.nesting - 1))
    inner = read_text(JsonText(text, repairs, title, location), policy, inside)
    return inner if isinstance(inner, Diagnostic) else replace(inner, value={**body, name: inner.value})


def _diagnostic(fault: FormFault) -> Diagnostic:
    title = "the form" if fault.name is None else f"the field `{shown(fault.name)}`"
    hints = (fault.hint,) if fault.hint else ()
    return Diagnostic(fault.code, f"{title} {fault.message}", hints=hints, location="$")
