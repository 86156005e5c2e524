"""Promises: each one of the receiver is taken out of a copy of the code, and then one of its tests must fail.

If a text is not found any more, the code has moved: say anew how the promise is taken out.
"""

from __future__ import annotations

import compileall
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

from support.forked_tests import ForkedTests, forked_tests
from support.places import ROOT
from support.waiting import PATIENCE

FAILED = 1  # the exit code of pytest if tests fail; others say that they could not be run
SOON = 5.0  # seconds for what comes in a test that passes
TOO_LONG = -signal.SIGALRM  # a run that does not end by itself has not passed either


@dataclass(frozen=True)
class TakenOut:
    """A promise, the text of a module that keeps it, another text in its place, and a test that must fail."""

    promise: str
    file: str
    kept: str
    broken: str
    test: str


PROMISES = [
    # 1. Success means durable.
    TakenOut(
        "the answer waits for the disk",
        "web/app.py",
        "await self._written(self._reception.landing.of(accepted))",
        "self._reception.landing.of(accepted)",
        "test_app.py::test_the_answer_waits_for_the_disk",
    ),
    TakenOut(
        "commits are synced",
        "spool/spool.py",
        "PRAGMA synchronous = FULL",
        "PRAGMA synchronous = OFF",
        "test_spool.py::test_commits_are_synced_and_checkpoints_are_asked_for",
    ),
    TakenOut(
        "a request that could not be written is no success",
        "spool/intake.py",
        "group.done.set_exception(fault)\n            if",
        "group.done.set_result(None)\n            if",
        "test_intake.py::test_a_full_disk_fails_a_group_and_no_other",
    ),
    TakenOut(
        "a failed sync is the end",
        "spool/spool.py",
        "        if self.broken is not None:\n            raise SpoolBroken(self.broken)",
        "        pass",
        "test_spool.py::test_a_failed_sync_ends_the_spool",
    ),
    TakenOut(
        "a spool has one writer",
        "spool/folder.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        "test_spool.py::test_a_spool_has_one_writer",
    ),
    # 2. The order of checks.
    TakenOut(
        "keys are checked before the body is read",
        "web/app.py",
        "        used = self._passed(self._verifier.check_head(head))\n",
        "        await receive()\n        used = self._passed(self._verifier.check_head(head))\n",
        "test_app.py::test_keys_are_checked_before_anything_is_read",
    ),
    TakenOut(
        "all checks of a source must pass",
        "web/verifiers.py",
        "return refused or Verified(used)",
        "return Verified(used) if used or refused is None else refused",
        "test_verifiers.py::test_keys",
    ),
    TakenOut(
        "secrets are compared in constant time",
        "web/verifiers.py",
        "if compare_digest(given, secret.value)]",
        "if given == secret.value]",
        "test_verifiers.py::test_every_secret_is_compared",
    ),
    TakenOut(
        "sizes are bounded while bodies are read",
        "web/bodies.py",
        "        size += len(part)\n        if size > limit:\n",
        "        size += len(part)\n        if size < 0:\n",
        "test_app.py::test_the_size_is_checked_while_the_body_is_read",
    ),
    TakenOut(
        "bodies are unpacked within the limit",
        "web/bodies.py",
        "            if size > limit:\n                raise _too_large(limit)\n",
        "",
        "test_app.py::test_packed_bodies",
    ),
    TakenOut(
        "slow bodies are given up",
        "web/bodies.py",
        "asyncio.timeout(seconds)",
        "asyncio.timeout(None)",
        "test_hostile_requests.py::test_slow_bodies_are_given_up",
    ),
    TakenOut(
        "slow heads are given up",
        "web/timed_protocol.py",
        "        self._head_timer = None\n        if self._is_waiting():",
        "        self._head_timer = None\n        if self._head_timer:",
        "test_hostile_requests.py::test_heads_have_to_arrive_in_time",
    ),
    TakenOut(
        "what is no body is bounded",
        "web/timed_protocol.py",
        "if self._unused > MAX_HEAD_BYTES:",
        "if self._unused < 0:",
        "test_hostile_requests.py::test_what_is_no_body_is_bounded",
    ),
    TakenOut(
        "requests that wait for their turn are bounded",
        "web/timed_protocol.py",
        "        if not self._waiting:\n",
        "        if self._waiting is not None:\n",
        "test_hostile_requests.py::test_no_more_is_read_while_requests_wait_for_their_turn",
    ),
    TakenOut(
        "trailers are no headers",
        "web/timed_protocol.py",
        "        if self._is_in_head:\n            super().on_header(",
        "        if self.parser:\n            super().on_header(",
        "test_hostile_requests.py::test_trailers_are_no_headers",
    ),
    TakenOut(
        "the first item is cut out, never written again",
        "configuration/first_item.py",
        "    item = body[start:end]\n",
        "    item = msgspec.json.encode(msgspec.json.decode(body[start:end]))\n",
        "test_first_item.py::test_the_first_item",
    ),
    TakenOut(
        "a packed body is signed as it came",
        "web/app.py",
        "self._verifier.check_body(head, body, packed)",
        "self._verifier.check_body(head, body)",
        "test_app.py::test_a_signature_over_a_packed_body_counts_before_it_is_unpacked",
    ),
    TakenOut(
        "old signatures are refused",
        "web/verifiers.py",
        "if distance > signature.timestamp.tolerance:",
        "if distance < 0:",
        "test_verifiers.py::test_an_old_request_is_refused_before_the_body_is_read",
    ),
    TakenOut(
        "two lengths are refused",
        "web/app.py",
        '{"content-length", "transfer-encoding"} <=',
        '{"content-length", "transfer-encoding", "x"} <=',
        "test_hostile_requests.py::test_hostile_requests_are_refused[h11-both lengths, chunked]",
    ),
    # 3. Overload is said early, and the law.
    TakenOut(
        "overload is said before the body is read",
        "web/app.py",
        "        self._admit(self._reception.intake.overloaded())\n",
        "",
        "test_app.py::test_overload_is_said_before_the_body_is_read",
    ),
    TakenOut(
        "the backlog is bounded",
        "spool/intake.py",
        ">= self.settings.max_waiting:",
        ">= 10**12:",
        "test_intake.py::test_each_bound_is_said_and_left_again",
    ),
    TakenOut(
        "the disk has a floor",
        "spool/intake.py",
        "< self.settings.min_free",
        "< 0",
        "test_intake.py::test_each_bound_is_said_and_left_again",
    ),
    TakenOut(
        "nothing that is not delivered is removed",
        "outcomes/retention.py",
        '    "r.is_mapped = 1 AND NOT EXISTS"\n',
        '    "r.is_mapped = 1 OR NOT EXISTS"\n',
        "test_retention.py::test_old_requests_go_when_they_are_delivered",
    ),
    TakenOut(
        "the law is checked",
        "spool/reports.py",
        "        if left != right:\n",
        "        if left is None:\n",
        "test_retention.py::test_a_total_that_is_wrong_breaks_the_law",
    ),
    # 4. One transaction from the inbox to the outcomes.
    TakenOut(
        "outcomes of a request that is not finished are dropped",
        "spool/outcome_writer.py",
        '    for table in (*_OUTCOMES, "keys"):\n',
        '    for table in ("keys",):\n',
        "test_worker.py::test_a_crash_anywhere_gives_the_same_rows",
    ),
    TakenOut(
        "outcomes have the version of their mapping",
        "outcomes/worker.py",
        "name, version, each = mapping.name, mapping.version, mapping.needs.each",
        'name, version, each = mapping.name, "", mapping.needs.each',
        "test_worker.py::test_each_item_has_one_outcome_with_the_version_of_its_mapping",
    ),
    # 5. Duplicates are told from conflicts.
    TakenOut(
        "ids are remembered",
        "spool/outcome_writer.py",
        "    if row.event_id is None:\n        return EventKind.FRESH",
        "    if row:\n        return EventKind.FRESH",
        "test_worker.py::test_the_same_item_again_is_a_duplicate_and_another_one_is_a_conflict",
    ),
    TakenOut(
        "another item is a conflict",
        "spool/outcome_writer.py",
        "EventKind.DUPLICATE if known[0] == row.item_hash else EventKind.CONFLICT",
        "EventKind.DUPLICATE",
        "test_worker.py::test_the_same_item_again_is_a_duplicate_and_another_one_is_a_conflict",
    ),
    TakenOut(
        "items are compared, not events",
        "outcomes/worker.py",
        "_id(ids.event_id), item_hash(items[index], body), outcome, user)",
        "_id(ids.event_id), item_hash(outcome, body), outcome, user)",
        "test_worker.py::test_the_time_of_receipt_is_no_part_of_what_is_compared",
    ),
    TakenOut(
        "parts of an id are kept apart",
        "spool/outcome_writer.py",
        "    key = (portion.source, portion.mapping, row.event_id)\n",
        '    key = ("", portion.mapping, f"{portion.source}{row.event_id}")\n',
        "test_worker.py::test_the_parts_of_an_id_are_kept_apart",
    ),
    # 6. Delivery.
    TakenOut(
        "destinations wait for nobody",
        "delivery/delivery.py",
        "                    if self._running:\n                        await self._gather()\n",
        "                    if self._running:\n                        with self.spool._lock:\n"
        "                            await asyncio.wait(self._running)\n",
        "test_delivery.py::test_no_destination_slows_another",
    ),
    TakenOut(
        "pauses grow",
        "destinations/backoff.py",
        "bound = FIRST * 2.0 ** min(max(failures - 1, 0), 30)",
        "bound = FIRST",
        "test_http.py::test_pauses_double_up_to_ten_hours_and_are_drawn_at_random",
    ),
    TakenOut(
        "what may pass is tried again",
        "destinations/http.py",
        "if status in AGAIN or status >= 500:",
        "if status >= 500:",
        "test_http.py::test_what_may_pass_is_tried_again",
    ),
    TakenOut(
        "an answer has to be whole",
        "destinations/http.py",
        "            while len(answer) < MAX_READ and (piece",
        "            while response.status >= 400 and len(answer) < MAX_READ and (piece",
        "test_http.py::test_what_may_pass_is_tried_again",
    ),
    TakenOut(
        "a request ends in time",
        "destinations/http.py",
        "asyncio.timeout(self.settings.timeout)",
        "asyncio.timeout(100 * self.settings.timeout)",
        "test_http.py::test_what_may_pass_is_tried_again[dripping]",
    ),
    TakenOut(
        "`Retry-After` is honoured",
        "destinations/http.py",
        'read_retry_after(response.headers.get("retry-after"), self.clock())',
        "None",
        "test_http.py::test_retry_after_is_honoured_for_all_events",
    ),
    TakenOut(
        "`Retry-After` is bounded",
        "destinations/backoff.py",
        "max(wait, min(LONGEST, retry_after))",
        "max(wait, retry_after)",
        "test_http.py::test_pauses_double_up_to_ten_hours_and_are_drawn_at_random",
    ),
    TakenOut(
        "a wrong key burns no event",
        "destinations/http.py",
        "CLOSED = frozenset({401, 403})",
        "CLOSED = frozenset({403})",
        "test_http.py::test_a_wrong_key_burns_no_event",
    ),
    TakenOut(
        "one delivery is tried while a destination fails",
        "delivery/delivery.py",
        "return 1 if self.circuit.is_open else self.destination.concurrency",
        "return self.destination.concurrency",
        "test_http.py::test_a_wrong_key_burns_no_event",
    ),
    TakenOut(
        "a destination that fails again and again is called seldom",
        "destinations/backoff.py",
        "IN_A_ROW = 5",
        "IN_A_ROW = 5_000",
        "test_http.py::test_a_server_that_fails_again_and_again_is_called_seldom",
    ),
    TakenOut(
        "redirects are not followed",
        "destinations/http.py",
        "allow_redirects=False",
        "allow_redirects=True",
        "test_http.py::test_a_redirect_is_not_followed",
    ),
    TakenOut(
        "certificates are checked",
        "destinations/http.py",
        "aiohttp.TCPConnector(",
        "aiohttp.TCPConnector(ssl=False, ",
        "test_http.py::test_a_certificate_that_is_not_trusted_gets_no_event",
    ),
    TakenOut(
        "connections are kept",
        "destinations/http.py",
        "aiohttp.TCPConnector(limit=self.settings.concurrency, keepalive_timeout=KEPT)",
        "aiohttp.TCPConnector(force_close=True)",
        "test_http.py::test_events_are_posted_with_their_key_over_connections_that_stay",
    ),
    TakenOut(
        "what is given up is bounded by tries",
        "configuration/settings.py",
        "attempts >= self.attempts or ",
        "",
        "test_http.py::test_one_event_that_breaks_the_server_does_not_take_others_along",
    ),
    TakenOut(
        "what is given up is bounded by time",
        "configuration/settings.py",
        " or age >= self.age",
        "",
        "test_http.py::test_how_long_is_tried_is_bounded",
    ),
    TakenOut(
        "an event that failed goes alone",
        "delivery/delivery.py",
        "if events and (events[-1].attempts or self._ready[0].attempts):",
        "if not events and not self._ready:",
        "test_http.py::test_one_event_that_breaks_the_server_does_not_take_others_along",
    ),
    TakenOut(
        "what is refused leaves its group",
        "delivery/delivery.py",
        "if len(part) > 1:",
        "if len(part) > 10**9:",
        "test_http.py::test_one_event_that_is_refused_leaves_its_array",
    ),
    TakenOut(
        "the order of a user is kept",
        "spool/queues.py",
        """        " WHERE destination = ?1 AND lane = ?4 AND lane <> '' AND state < 2))\"\n""",
        """        " WHERE destination = ?1 AND lane = ?4 AND lane <> '' AND state < 0))\"\n""",
        "test_http.py::test_the_order_of_a_user_is_kept_and_a_dead_event_is_passed",
    ),
    TakenOut(
        "a dead event holds no others for ever",
        "spool/queues.py",
        "            _release(db, destination, event.lane)\n",
        "            _release(db, destination, event.lane if verdict is not Verdict.DEAD else '')\n",
        "test_http.py::test_the_order_of_a_user_is_kept_and_a_dead_event_is_passed",
    ),
    TakenOut(
        "bytes that were not marked are cut off",
        "destinations/files.py",
        "            if os.fstat(self.descriptor).st_size != self.size:\n"
        "                os.ftruncate(self.descriptor, self.size)\n            write_all",
        "            write_all",
        "test_files.py::test_events_that_were_not_marked_are_cut_off_and_come_again",
    ),
    TakenOut(
        "a name is over a whole file",
        "destinations/files.py",
        "return self.place / (name + PART)",
        "return self.place / name",
        "test_files.py::test_a_name_is_over_a_whole_file",
    ),
    TakenOut(
        "files end by size",
        "destinations/files.py",
        " or known.size >= self.max_bytes",
        "",
        "test_files.py::test_a_file_ends_with_the_group_that_makes_it_large",
    ),
    TakenOut(
        "another item under a key of PostgreSQL is a conflict",
        "destinations/postgres_tables.py",
        "is_same = hashes.get(_key(one)) == one.item_hash",
        "is_same = True",
        "test_postgres.py::test_the_same_item_again_is_a_duplicate_and_another_one_a_conflict",
    ),
    TakenOut(
        "a row that is refused is told from a server that fails",
        "destinations/postgres.py",
        'ABOUT_ROWS = ("22", "23", "54")',
        'ABOUT_ROWS = ("23", "54")',
        "test_postgres.py::test_a_row_that_is_refused_leaves_its_batch",
    ),
    TakenOut(
        "commits of PostgreSQL are synced",
        "destinations/postgres.py",
        "            await connection.execute(_DURABLE)\n",
        "",
        "test_postgres.py::test_a_server_that_is_away_is_waited_for",
    ),
    TakenOut(
        "a table of others is not written",
        "destinations/postgres.py",
        "        if fault:\n",
        "        if fault is None:\n",
        "test_postgres.py::test_a_table_of_others_is_not_written",
    ),
    TakenOut(
        "no password is said",
        "destinations/postgres.py",
        "            known = conninfo_to_dict(dsn)\n        except psycopg.Error:\n",
        "            known = conninfo_to_dict(dsn)\n        except psycopg.Error as error:\n"
        "            raise DeliveryError(str(error)) from None\n",
        "test_postgres.py::test_no_password_is_said",
    ),
    # 7. Dead letters.
    TakenOut(
        "the law counts dead events",
        "spool/queues.py",
        '    totals.add(source, "dead", destination, -1)\n',
        "",
        "test_undelivered.py::test_they_are_queued_again_once",
    ),
    # 8. Mappings change without a restart.
    TakenOut(
        "a mapping whose samples fail is not used",
        "reload.py",
        "                if fault:\n",
        "                if fault is None:\n",
        "test_reload.py::test_a_mapping_whose_samples_fail_is_not_used",
    ),
    TakenOut(
        "readiness has the reasons",
        "reload.py",
        "        receiver.health.notes = found.notes\n",
        "",
        "test_reload.py::test_a_faulty_configuration_changes_nothing_and_is_told",
    ),
    TakenOut(
        "a configuration whose mapping is faulty changes nothing",
        "reload.py",
        "            wanted = old\n",
        "            pass\n",
        "test_reload.py::test_a_faulty_configuration_changes_nothing_and_is_told",
    ),
    TakenOut(
        "changes are seen",
        "reload.py",
        "                is_seeing = True\n                self.ask()\n",
        "                is_seeing = True\n",
        "test_reload.py::test_changes_are_seen",
    ),
    # 9. Secrets.
    TakenOut(
        "several secrets are valid at once",
        "web/verifiers.py",
        "for secret in secrets if compare_digest",
        "for secret in secrets[:1] if compare_digest",
        "test_reload.py::test_a_rotated_secret_counts_after_a_look",
    ),
    TakenOut(
        "secrets are read again",
        "reload.py",
        "is_configured = wanted != old",
        "is_configured = False",
        "test_reload.py::test_a_rotated_secret_counts_after_a_look",
    ),
    TakenOut(
        "headers with secrets are not kept",
        "request.py",
        "            and name not in self.private_headers\n            and not self._holds_secret(",
        "            or not self._holds_secret(",
        "test_app.py::test_no_secret_is_kept",
    ),
    TakenOut(
        "values in which a secret occurs are not kept",
        "request.py",
        "return any(secret in written for secret in self.secrets)",
        "return False",
        "test_app.py::test_no_secret_is_kept",
    ),
    TakenOut(
        "no `repr` shows a secret",
        "configuration/keys.py",
        "    value: bytes = field(repr=False)\n",
        "    value: bytes\n",
        "test_configuration.py::test_no_repr_shows_a_secret",
    ),
    TakenOut(
        "secrets in the configuration are not printed",
        "configuration/masking.py",
        "return file if text == file.text else SourceFile(file.name, text)",
        "return file",
        "test_configuration.py::test_what_is_reported",
    ),
    TakenOut(
        "a defect is told without values",
        "web/app.py",
        "{_place_of(error)}",
        "{error}",
        "test_app.py::test_a_defect_is_told_without_a_value",
    ),
    TakenOut(
        "texts of libraries are not told",
        "web/logs.py",
        'self._report(f"`{record.name}` logs',
        'self._report(record.getMessage() + f"`{record.name}` logs',
        "test_logs.py::test_what_libraries_log_is_told_without_its_text",
    ),
    # 10 and 11. Operation, and the page.
    TakenOut(
        "labels are fields that the mapping writes",
        "web/tally.py",
        "    while name and name not in written:",
        "    while False:",
        "test_metrics.py::test_fields_are_those_that_the_mapping_writes",
    ),
    TakenOut(
        "metrics ask for their key",
        "web/metrics.py",
        "return not self.secrets or (bool(right)",
        "return not self.secrets or (True",
        "test_metrics.py::test_a_key_is_asked_for_if_there_is_one",
    ),
    TakenOut(
        "readiness ends before the socket",
        "serving.py",
        "        self._receiver.health.is_stopping = True\n",
        "",
        "test_logs.py::test_readiness_ends_before_the_socket",
    ),
    TakenOut(
        "the page asks for a session",
        "admin/admin_page.py",
        "find(_cookies(request))\n            if session is None:",
        "find(_cookies(request)) or AdminSession('', 0)\n            if session is None:",
        "test_admin.py::test_nothing_is_shown_without_a_session",
    ),
    TakenOut(
        "forms carry the token of their session",
        "admin/admin_page.py",
        'not session.allows(form.get("token", ""))',
        "False",
        "test_admin.py::test_forms_of_other_pages_are_refused",
    ),
    TakenOut(
        "forms are those of the page itself",
        "admin/admin_page.py",
        'not in ("same-origin", "none")',
        'in ("other",)',
        "test_admin.py::test_forms_of_other_pages_are_refused",
    ),
    TakenOut(
        "sessions end with their keys",
        "admin/sessions.py",
        "            self._known.clear()\n",
        "",
        "test_admin.py::test_sessions_end_when_the_keys_change",
    ),
    TakenOut(
        "texts are escaped",
        "admin/pages.py",
        "autoescape=True",
        "autoescape=False",
        "test_admin.py::test_hostile_payloads_are_texts",
    ),
    TakenOut(
        "hidden characters are shown",
        "admin/pages.py",
        "        finalize=_shown,\n",
        "",
        "test_admin.py::test_hostile_payloads_are_texts",
    ),
    TakenOut(
        "a trial changes nothing",
        "admin/admin_page.py",
        'is_try = form.get("step") != "replay"',
        "is_try = False",
        "test_admin.py::test_a_replay_is_tried_first",
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout that may be changed."""
    folder = tmp_path_factory.mktemp("promises")
    names = ("mapper", "mappings", "schemas", "docs", "tests/support", "tests/receiver")
    for name in names:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/conftest.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    # Each fork imports the receiver. The byte code of a module that is changed is older, and is not used.
    for name in ("mapper/receiver", "tests/support"):
        assert compileall.compile_dir(folder / name, quiet=1)
    return folder


@pytest.fixture(scope="module")
def forked(copy: Path) -> Iterator[ForkedTests]:
    with forked_tests(copy) as found:
        yield found


def run(forked: ForkedTests, *tests: str, patience: float = PATIENCE) -> tuple[int, str]:
    """The exit code and the output of tests of the copy."""
    return forked.run([f"tests/receiver/{test}" for test in tests], patience)


def test_each_promise_is_kept_by_a_text() -> None:
    moved = [
        each.promise
        for each in PROMISES
        if (ROOT / "mapper" / "receiver" / each.file).read_text("utf-8").count(each.kept) != 1
    ]
    assert moved == [], "the code has moved"


@pytest.mark.slow
def test_the_tests_pass_before(forked: ForkedTests) -> None:
    code, out = run(forked, *sorted({each.test for each in PROMISES}))
    assert code == 0, out


@pytest.mark.slow
@pytest.mark.parametrize("taken", PROMISES, ids=lambda taken: taken.promise)
def test_a_promise_that_is_taken_out_is_missed(copy: Path, forked: ForkedTests, taken: TakenOut) -> None:
    path = copy / "mapper" / "receiver" / taken.file
    text = path.read_text("utf-8")
    path.write_text(text.replace(taken.kept, taken.broken), "utf-8")
    try:
        code, out = run(forked, taken.test, patience=SOON)
    finally:
        path.write_text(text, "utf-8")
    assert code in (FAILED, TOO_LONG), out
