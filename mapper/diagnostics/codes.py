"""Codes: the registry of faults. Number = stage, never severity; a number is never used twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Code:
    """A registered fault: its number, its name for people, its meaning in one line."""

    number: str
    slug: str
    summary: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The page about a code: the fault, its cure and, if one fits on a page, a wrong and a right example.

    The examples are mappings, or configurations of a receiver for its own codes; if `mapping` is set, they
    are bodies of requests to that mapping. `example` holds both as a diff: a line begins with `- ` (only in
    the wrong one), `+ ` (only in the right one) or two blanks.
    """

    code: Code
    text: str
    mapping: str | None = None
    example: str | None = None

    @property
    def noun(self) -> str:
        """The kind of the examples in a word."""
        if self.mapping is not None:
            return "body"
        return "configuration" if self.code.number.startswith("M7") else "mapping"

    @property
    def wrong(self) -> str | None:
        """The example that has the fault."""
        return self._side("-")

    @property
    def right(self) -> str | None:
        """The example without the fault."""
        return self._side("+")

    def _side(self, mark: str) -> str | None:
        if self.example is None:
            return None
        return "".join(f"{line[2:]}\n" for line in self.example.splitlines() if line[:1] in ("", " ", mark))


_ROWS = """
M001 file-not-readable          the file cannot be read
M002 not-utf8                   the file is not UTF-8 text
M003 mapping-not-found          no mapping of that name or path
M004 schema-not-found           no schema of that name beside the mapping or in schemas/
M005 path-outside-catalog       a name reaches outside the catalog
M006 schema-not-json            the schema file is not JSON
M007 invalid-schema             the schema file is not a valid JSON Schema
M008 remote-reference           a schema refers to another file or to the network
M009 dialect-not-found          no dialect of that name
M010 file-too-large             the file is larger than a mapping or schema may be
M011 invalid-sample             a sample, its expectation or a recorded request cannot be read
M012 invalid-dialect            the dialect file has a wrong shape
M013 unexpected-result          a sample gives another result than its expectation
M014 profile-not-found          no profile of a vendor has that name
M101 invalid-yaml               the text is not YAML
M102 empty-mapping              the file holds nothing
M103 not-a-mapping              the file does not hold key-value pairs
M104 duplicate-key              a key stands twice in one place
M105 unknown-key                a key the language does not know
M106 missing-key                a key that must be there is not
M107 wrong-shape                a value has another shape than the language asks for
M108 yaml-alias                 anchors and aliases are not part of the language
M109 yaml-tag                   YAML tags are not part of the language
M110 mapping-too-large          the file has more nodes or nests deeper than allowed
M111 several-operators          one value holds two operators
M112 several-documents          the file holds more than one YAML document
M113 misplaced-modifier         a modifier that has no meaning here
M114 invalid-value              a value outside the allowed set
M115 invalid-time-pattern       a time pattern that cannot be used
M116 invalid-zone               no such time zone
M117 invalid-window             a time window that cannot be read
M119 event-or-template          a mapping holds either an event or a template
M120 unquoted-path              a bracket ended a path inside a flow collection
M122 non-string-key             a key that is not text
M123 unknown-var                no var of this name can be read here
M124 unused-var                 a var that nothing reads
M125 constant-key               every entry of an object gets the same key
M126 body-not-read              a value of a body that the mapping does not have read
M127 operator-look-alike        an object that looks like an operator
M128 path-look-alike            a text that looks like a path or a variable
M130 missing-time-of-day        a date without a readable time of day
M140 hidden-vars                a template sets a variable that would hide the vars
M141 vars-too-large             a var that builds on too many others
M201 invalid-path               the path is not RFC 9535 JSONPath
M202 quote-the-name             a member name that needs quotes
M203 invalid-pattern            a regular expression that cannot be used
M204 not-singular               a path that may select several values where one is needed
M205 path-too-complex           the path is longer or nests deeper than allowed
M211 invalid-liquid             the text is not Liquid
M212 unknown-filter             no such Liquid filter
M213 unknown-tag                no such Liquid tag
M214 filter-arguments           a filter with wrong arguments
M215 not-in-dialect             a term the dialect does not know
M216 dialect-spelling           an object the dialect spells otherwise
M217 invalid-condition          the condition cannot be read
M218 rendered-differently       something the dialect's engine renders in another way
M252 blanks-not-printed         a Liquid block of blanks, which prints nothing
M301 unknown-field              the source schema knows no such field
M302 unknown-target             the target schema knows no such field
M303 unknown-variable           a Liquid variable that nothing sets
M401 wrong-type                 a value of another type than the target asks for
M402 null-not-allowed           null where the target does not allow it
M403 blank-not-allowed          a text that can be blank, but must have content
M404 value-not-allowed          a value without the form the target asks for
M405 may-be-rejected            a value that can stop an item at run time
M406 epoch-unit                 an epoch unit that cannot be meant for these numbers
M407 decimals-cut              whole numbers are divided, and the decimals of the result are cut
M411 broken-template            the template renders text that is not JSON for some payload
M412 not-proven                 it is neither proven nor refuted that no payload fails here
M413 template-misfit            the JSON the template renders does not fit the target
M414 clock-not-utc              a time of another zone is labelled as UTC
M415 too-complex                a mapping and schemas that take too many steps to check
M501 required-field-unset       a required field of the target is never set
M502 required-field-may-miss    a required field of the target can end up missing
M503 never-taken                a rule, case or alternative that can never be taken
M504 items-dropped              `each` leaves items out without a trace
M505 members-as-items           `each` may take an object apart where a list of items is meant
M506 constant-comparison        a comparison that is always true, or always false
M601 body-not-json              the body is not JSON
M602 body-not-utf8              the body is not UTF-8
M603 no-items                   the body has none of the places `each` names
M604 item-not-object            the item is not a JSON object
M605 item-without-content       an element of the body in which `each` finds no item
M606 body-too-deep              the body nests deeper than allowed
M607 number-out-of-range        a number too large to be kept exactly
M608 body-too-large             the body is larger or holds more items than allowed
M609 ambiguous-repair           a body that the declared repairs could read in more than one way
M611 required-missing           a required field has no value
M612 invalid-event              the event does not fit the target schema
M613 cast-failed                a value cannot be turned into the declared type
M614 unreadable-time            a time that none of the declared formats reads
M615 not-an-object              a value that must be an object is not
M616 not-an-array               a value that must be an array is not
M617 two-keys-one-name          two keys of an object would get the same name
M618 liquid-failed              a Liquid filter or tag failed
M619 loop-limit                 a Liquid loop runs longer than allowed
M620 output-limit               Liquid text grows larger than allowed
M621 template-not-json          the rendered template is not JSON
M622 template-not-object        the rendered template is JSON but not an object
M623 text-not-unicode           a text of the event holds half of a surrogate pair
M624 event-too-large            an event is larger than allowed
M625 result-too-large           the events of a body are together larger than allowed
M626 rejected-by-rule           a `reject` rule of the mapping rejects the item
M627 several-values             a path finds several values where one is wanted
M628 unreadable-form            the body is not a form that can be read
M629 too-much-work              an item takes more work than allowed
M630 too-much-work-together     the items of a body take more work than allowed
M701 route-twice                two sources take the same method on the same path
M702 name-twice                 two sources or two destinations have the same name
M703 secret-not-found           a secret that is not in its place
M704 unusable-signature         a signature that cannot be checked as it is written
M705 spool-too-small            a size of the spool that its log alone could fill
M901 internal                   a defect of mapper itself
M902 out-of-memory              no memory is left
"""

CODES: dict[str, Code] = {
    number: Code(number, slug, summary.strip())
    for number, slug, summary in (row.split(None, 2) for row in _ROWS.strip().splitlines())
}


@cache
def explain(number: str) -> Explanation:
    """The page about a registered code; KeyError for any other."""
    code = CODES[number]
    from pathlib import Path  # pages are read by people; services that never explain load none of this

    import yaml

    page = (Path(__file__).parent / "explanations" / f"{code.number}.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(page)
    return Explanation(code, data["explanation"], data.get("mapping"), data.get("example"))
