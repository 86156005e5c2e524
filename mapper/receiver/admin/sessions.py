"""Sessions: who gave a key of the page is known by a cookie until it ends or the keys change."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest

from mapper.receiver.configuration.keys import Secret

LIFETIME = 8 * 3600.0
MAX_SESSIONS = 100


@dataclass(frozen=True, slots=True)
class AdminSession:
    """A session: the token that each of its forms has to send, and the time at which it ends."""

    form_token: str = field(repr=False)
    ends: float

    def allows(self, given: str) -> bool:
        """True for the token of its forms; compared in constant time."""
        return compare_digest(given.encode("utf-8", "replace"), self.form_token.encode())


@dataclass(slots=True)
class AdminSessions:
    """The sessions of a receiver, by the value of their cookie; used in one thread."""

    clock: Callable[[], float] = time.monotonic
    _known: dict[str, AdminSession] = field(default_factory=dict, repr=False)
    _keys: tuple[Secret, ...] = ()

    def use(self, keys: tuple[Secret, ...]) -> None:
        """Take the present keys; sessions end if others were used before."""
        if keys != self._keys:
            self._known.clear()
            self._keys = keys

    def open(self, key: str) -> str | None:
        """The cookie of a new session; None for a wrong key. All keys are compared, in constant time."""
        given = key.encode("utf-8", "surrogateescape")
        right = [secret for secret in self._keys if compare_digest(given, secret.value)]
        if not right:
            return None
        self._forget_old()
        cookie = secrets.token_urlsafe(32)
        self._known[cookie] = AdminSession(secrets.token_urlsafe(32), self.clock() + LIFETIME)
        return cookie

    def find(self, cookies: Sequence[str]) -> AdminSession | None:
        """The session of the first cookie that has one."""
        for cookie in cookies:
            session = self._known.get(cookie)
            if session is not None and session.ends > self.clock():
                return session
        return None

    def close(self, cookies: Sequence[str]) -> None:
        """End the sessions of cookies."""
        for cookie in cookies:
            self._known.pop(cookie, None)

    def _forget_old(self) -> None:
        now = self.clock()
        for cookie in [cookie for cookie, session in self._known.items() if session.ends <= now]:
            del self._known[cookie]
        while len(self._known) >= MAX_SESSIONS:
            del self._known[next(iter(self._known))]
