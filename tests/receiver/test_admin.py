"""Admin: who may see the page, what it shows of hostile payloads, and what its forms do."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

from mapper.receiver.admin import admin_page
from mapper.receiver.admin.chart import HEIGHT, hour_chart
from mapper.receiver.admin.pages import HEADERS, period, size
from mapper.receiver.admin.payload_lines import MAX_LINES, PayloadLine, payload_lines
from mapper.receiver.admin.sessions import LIFETIME, MAX_SESSIONS, AdminSessions
from mapper.receiver.configuration.keys import Secret
from mapper.receiver.destinations.destination import Tried, Verdict
from mapper.receiver.spool.queues import Progress, Settled
from mapper.receiver.web.tally import MinuteCounts
from support.asgi import Answer
from support.calls import ORDERS, write
from support.receiver_pages import CONFIGURATION, HTML, KEY, LONG, PageClient, hostile_orders, receiver_pages
from support.spools import order

PAGES = ("/admin", "/admin/letters", "/admin/letters/1", "/admin/undelivered")
FORMS = ("/admin/replay", "/admin/logout")
AT = 'as: timestamp, on_error: omit, default: "2026-11-23T20:00:00.000Z"}'
MENDED = ORDERS.replace("as: timestamp, on_missing: reject}", AT)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageClient]:
    monkeypatch.setattr(admin_page, "WRONG_SECONDS", 0.0)
    with receiver_pages(tmp_path) as found:
        yield found


class Elements(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(answer.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_there_is_no_page_without_a_key(tmp_path: Path) -> None:
    without = "".join(line for line in CONFIGURATION.splitlines(keepends=True) if "admin" not in line)
    with receiver_pages(tmp_path, without) as client:
        assert [client.get(target).status for target in PAGES] == [404] * len(PAGES)
        assert client.log_in().status == 404


def test_nothing_is_shown_without_a_session(client: PageClient) -> None:
    client.send(order(1, at="soon"))
    for target in PAGES:
        answer = client.get(target)
        assert answer.status == 403
        assert b"Log in" in answer.body
        assert b"orders" not in answer.body
    for target in FORMS:
        assert client.post(target).status == 403
    for key in ("", "wrong", KEY[:-1], f"{KEY} ", "\udcff"):
        answer = client.post("/admin/login", key=key.encode("utf-8", "replace").decode())
        assert (answer.status, "set-cookie" in answer.headers) == (403, False)
        assert KEY.encode() not in answer.body
    client.cookie = "guess"
    assert client.get().status == 403


def test_a_session_lasts_until_the_log_out(client: PageClient) -> None:
    answer = client.log_in()
    assert (answer.status, answer.headers["location"]) == (303, "/admin")
    words = {word.strip().lower() for word in answer.headers["set-cookie"].split(";")[1:]}
    assert words == {"httponly", f"max-age={int(LIFETIME)}", "path=/admin", "samesite=strict"}
    cookie = client.cookie
    assert [client.get(target).status for target in PAGES] == [200, 200, 404, 200]
    assert client.post("/admin/logout", token=client.token()).status == 303
    client.cookie = cookie
    assert client.get().status == 403


def test_the_cookie_is_for_tls_alone_if_the_page_is(client: PageClient) -> None:
    client.headers = [("x-forwarded-proto", "https")]
    assert "secure" in client.log_in().headers["set-cookie"].lower()


def test_sessions_end_when_the_keys_change(client: PageClient) -> None:
    client.log_in()
    receiver = client.receiver
    receiver.replace(receiver.configuration, receiver.mappings)
    assert client.get().status == 200
    receiver.replace(replace(receiver.configuration, admin=(Secret("env A", b"n3w"),)), receiver.mappings)
    assert client.get().status == 403
    assert client.log_in().status == 403
    assert client.log_in("n3w").status == 303


def test_forms_of_other_pages_are_refused(client: PageClient) -> None:
    client.send(order(1, at="soon"))
    client.log_in()
    token = client.token()
    for form in ({}, {"token": ""}, {"token": "guess"}, {"token": token[:-1]}, {"token": "\xff"}):
        assert client.post("/admin/replay", step="replay", **form).status == 403
    for site in ("cross-site", "same-site"):
        headers = {"sec_fetch_site": site}
        assert client.post("/admin/replay", token=token, step="replay", _headers=headers).status == 403
        assert client.post("/admin/login", key=KEY, _headers=headers).status == 403
    assert client.post("/admin/replay", token=token, x="y" * 20_000).status == 403
    assert client.get(f"/admin/replay?token={token}&step=replay").status == 405
    other = PageClient(client.receiver, client.counted)
    other.log_in()
    assert other.post("/admin/replay", token=token, step="replay").status == 403
    assert client.receiver.state().figures.sources["/orders"].dead_letters == 1
    assert client.get().status == 200, "a refused form does not end the session"


def test_every_answer_forbids_scripts_frames_and_caches(client: PageClient) -> None:
    answers = [
        client.get(),
        client.get("/admin/style.css"),
        client.post("/admin/login", key="x"),
        client.log_in(),
    ]
    answers += [client.get(target) for target in (*PAGES, "/admin/letters/999")]
    answers += [client.post("/admin/replay", token=client.token()), client.post("/admin/replay")]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, answer.status
    policy = HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_hostile_payloads_are_texts(client: PageClient) -> None:
    for body in hostile_orders():
        client.send(body)
    client.log_in()
    letters = client.receiver.state().figures.sources["/orders"].dead_letters
    assert letters == 6
    for target in (*PAGES[:2], PAGES[3], *(f"/admin/letters/{number}" for number in range(1, letters + 1))):
        answer = client.get(target)
        assert answer.status == 200
        found = Elements(answer)
        assert not {tag for tag, _ in found.tags} & {"script", "img", "iframe", "object", "style", "base"}
        for tag, names in found.tags:
            assert not [name for name in names if name.startswith("on") or name == "style"], tag
            link = names.get("href") or names.get("action") or names.get("src") or ""
            assert link in ("", "#content") or link.startswith("/admin"), link
        assert "\u202e" not in found.text
        assert "\u0007" not in found.text
        assert len(answer.body) < 60_000
    assert HTML in Elements(client.get("/admin/letters/1")).text


def test_a_letter_shows_the_mapping_beside_the_payload(client: PageClient) -> None:
    client.send({"orders": [order(1), order(2, at="soon", details={"list": list(range(90))})]})
    client.log_in()
    text = Elements(client.get("/admin/letters/1")).text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert any(line.startswith("11") and "timestamp: {path: $.at" in line for line in lines)
    assert any("^^^^" in line for line in lines)
    assert '▶"at": "soon",' in lines
    assert "… 84 more" in lines
    assert "$.orders[1].at" in text
    assert "M614" in text
    assert "would" not in text


def test_a_replay_is_tried_first(client: PageClient, tmp_path: Path) -> None:
    client.send(order(1, at="soon"))
    client.send(order(2, at="late"))
    client.log_in()
    token = client.token()
    tried = client.post("/admin/replay", token=token, number="1", step="try")
    assert re.search(r"rejected\s*1\b", Elements(tried).text)
    write(tmp_path / "orders.yaml", MENDED)
    from mapper.receiver.reload import Reloader

    Reloader(client.receiver).look()
    assert "would make an event of the item now" in Elements(client.get("/admin/letters/1")).text
    tried = client.post("/admin/replay", token=token, number="1", step="try")
    assert "1 dead letter would be mapped again. Nothing was changed." in Elements(tried).text
    assert re.search(r"fresh\s*1\b", Elements(tried).text)
    assert client.receiver.state().figures.sources["/orders"].dead_letters == 2
    form = {names["name"]: names["value"] for tag, names in Elements(tried).tags if tag == "input"}
    done = client.post(
        "/admin/replay", step="replay", **{name: value or "" for name, value in form.items() if name}
    )
    assert "1 dead letter mapped again." in Elements(done).text
    assert client.receiver.state().figures.sources["/orders"].dead_letters == 1
    assert client.get("/admin/letters/1").status == 404
    assert client.get("/admin/letters/2").status == 200
    done = client.post("/admin/replay", token=token, step="replay", source="/orders", code="M614")
    assert "1 dead letter mapped again." in Elements(done).text


def test_letters_are_filtered_and_in_pages(client: PageClient) -> None:
    client.send({"orders": [order(number, at="soon") for number in range(120)]})
    client.send(order("x", customer=None))
    client.log_in()

    def numbers(query: str = "") -> list[int]:
        found = re.findall(rb'href="/admin/letters/(\d+)"', client.get(f"/admin/letters{query}").body)
        return [int(number) for number in found]

    assert numbers() == list(range(121, 71, -1))
    answer = client.get("/admin/letters?code=m614&field=timestamp&since=1h&source=/orders")
    older = re.search(rb'href="/admin/letters(\?[^"]+before[^"]+)"', answer.body)
    assert older is not None
    assert numbers(older[1].decode().replace("&amp;", "&")) == list(range(70, 20, -1))
    assert numbers("?field=user_id") == [121]
    assert numbers("?source=/other") == numbers("?code=M6'--") == []
    assert numbers("?before=3&since=x") == [2, 1]
    assert numbers("?before=99999999999999999999999") == numbers()


def test_undelivered_events_are_listed(client: PageClient) -> None:
    client.receiver.deliverers[0].stop()
    client.send({"orders": [order(HTML), *(order(number) for number in range(60))]})
    client.log_in()
    first = Elements(client.get("/admin/undelivered"))
    assert "Waiting 61 Given up 0" in " ".join(first.text.split())
    rest = client.get("/admin/undelivered?destination=events&state=waiting&before=12")
    assert HTML in Elements(rest).text
    assert rest.body.count(b'<th scope="row"') == 11
    assert "Nothing waits for none" in Elements(client.get("/admin/undelivered?destination=none")).text


def test_events_that_were_given_up_are_queued_again(client: PageClient) -> None:
    client.receiver.deliverers[0].stop()
    client.send({"orders": [order(number) for number in range(5)]})
    spool = client.receiver.spool
    refused = Tried(Verdict.DEAD, "400", HTML)
    settled = [Settled(event, refused) for event in spool.due("events", time.time(), 3)]
    spool.settle("events", settled, Progress(failures=2, status="401 again"))
    client.log_in()
    overview = " ".join(Elements(client.get()).text.split())
    assert "events takes nothing 401 again 2" in overview
    page = Elements(client.get("/admin/undelivered?destination=events&state=dead"))
    assert "Waiting 2 Given up 3" in " ".join(page.text.split())
    assert page.text.count(HTML) == 3
    form = {
        names["name"]: names["value"] or "" for tag, names in page.tags if tag == "input" and names["name"]
    }
    tried = client.post("/admin/replay", step="try", **form)
    assert "3 dead letters would be queued again. Nothing was changed." in Elements(tried).text
    assert client.receiver.state().figures.queues["events"].dead == 3
    form = {
        names["name"]: names["value"] or ""
        for tag, names in Elements(tried).tags
        if tag == "input" and names["name"]
    }
    done = client.post("/admin/replay", step="replay", **form)
    assert "3 dead letters queued again." in Elements(done).text
    queue = client.receiver.state().figures.queues["events"]
    assert (queue.dead, queue.pending) == (0, 5)


def test_the_page_is_found_below_another_path(client: PageClient) -> None:
    from starlette.applications import Starlette

    host = Starlette()
    host.mount("/hooks", client.receiver.app())
    client.app = host
    answer = client.post("/hooks/admin/login", key=KEY)
    assert answer.headers["location"] == "/hooks/admin"
    assert "path=/hooks/admin" in answer.headers["set-cookie"].lower()
    links = [names.get("href") or "" for _, names in Elements(client.get("/hooks/admin")).tags]
    assert {link for link in links if link.startswith("/")}
    assert all(link.startswith("/hooks/admin") for link in links if link.startswith("/"))


def test_sessions_are_bounded_and_end() -> None:
    now = [0.0]
    sessions = AdminSessions(clock=lambda: now[0])
    assert sessions.open("") is None, "without keys nobody comes in"
    sessions.use((Secret("env A", b"a"), Secret("env B", b"b")))
    cookies = [sessions.open("ab"[number % 2]) for number in range(MAX_SESSIONS + 1)]
    assert len({*cookies}) == MAX_SESSIONS + 1
    assert sessions.find([cookies[0] or ""]) is None
    assert sessions.find(["x", cookies[-1] or ""]) is not None
    now[0] = LIFETIME
    assert sessions.find([cookies[-1] or ""]) is None
    sessions.open("a")
    assert len(sessions._known) == 1


def test_wrong_keys_wait_for_each_other() -> None:
    import asyncio

    async def ask_for_many() -> list[bool]:
        wrong = admin_page.WrongKeys()
        return await asyncio.gather(*(wrong.wait() for _ in range(admin_page.MAX_WRONG + 3)))

    before, admin_page.WRONG_SECONDS = admin_page.WRONG_SECONDS, 0.001
    try:
        assert asyncio.run(ask_for_many()).count(False) == 3
    finally:
        admin_page.WRONG_SECONDS = before


def marked(value: Any, *place: str | int) -> list[str]:
    return [line.text for line in payload_lines(value, place) if line.is_marked]


def test_the_place_is_marked() -> None:
    value = {"a": [1, {"b": None}], "c": "x", "": {}}
    assert marked(value, "a", 1, "b") == ['"b": null']
    assert marked(value, "a", 0) == ["1,"]
    assert marked(value, "a", 7) == ['"a": [']
    assert marked(value, "none") == ["{"]
    assert marked(value, "c", "d") == ['"c": "x",']
    assert marked(value, "") == ['"": {}']
    assert marked("x") == ['"x"']
    assert marked([*range(100)], 90) == ["90,"]


def test_payloads_of_any_size_have_few_lines() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    wide = {f"k{number}": [{"a": LONG}] * 50 for number in range(1_000)}
    for value in (deep, wide, LONG, [LONG] * 10_000, {LONG: 1}, 10**5_000, {"a": b"\xff"}, float("inf")):
        for place in ((), (0,) * 5_000, ("k999", 49, "a")):
            lines = payload_lines(value, place)
            assert 0 < len(lines) <= MAX_LINES + 2
            assert all(len(line.text) < 800 for line in lines)
            assert sum(line.is_marked for line in lines) == 1
    assert payload_lines([], ()) == [PayloadLine(0, "[]", True)]


def test_bars_are_inside_of_the_picture() -> None:
    minutes = [MinuteCounts(), MinuteCounts(1_000_000, 1, 1), MinuteCounts(0, 0, 3)]
    chart = hour_chart(minutes)
    assert [bar.kind for bar in chart.bars] == ["events", "skipped", "rejected", "rejected"]
    assert all(0 <= bar.y < bar.y + bar.height <= HEIGHT + 0.01 for bar in chart.bars)
    assert chart.total == MinuteCounts(1_000_000, 1, 4)
    assert not hour_chart([]).bars


def test_units() -> None:
    assert [size(count) for count in (0, 999, 1_500, 2e9, 3e15)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "2 GB",
        "3e+03 TB",
    ]
    assert [period(seconds) for seconds in (0, 59, 90, 7_200, 200_000)] == [
        "0 s",
        "59 s",
        "1.5 min",
        "2 h",
        "2.31 d",
    ]
