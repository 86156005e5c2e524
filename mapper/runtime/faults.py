"""Faults: how generated code says that an item cannot become an event."""

from __future__ import annotations

from mapper.runtime.nothing import MISSING


class Fault(Exception):
    """Stops one item. `code` is a registered M6xx code, `site` an index into the module's SITES.

    `detail` completes the headline and never holds payload values; `value` is kept apart for `--show-values`.
    """

    def __init__(self, code: str, site: int, detail: str = "", value: object = MISSING) -> None:
        super().__init__(code)
        self.code = code
        self.site = site
        self.detail = detail
        self.value = value


class Refused(Exception):
    """Raised where an event does not fit its schema, or holds what JSON cannot; `event` is the event."""

    def __init__(self, event: object) -> None:
        super().__init__()
        self.event = event


class Skip(Exception):
    """Raised where a template of a dialect says `{% abort %}`: the item is skipped, not rejected."""

    def __init__(self, site: int = -1, reason: str = "aborted by the template") -> None:
        super().__init__(reason)
        self.site = site
        self.reason = reason
