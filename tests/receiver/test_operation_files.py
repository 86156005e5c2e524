"""Operation files: alerts fire when they should, the dashboard names what exists, unit and image run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("prometheus_client", reason="the extra `receiver` is not installed")

from mapper.receiver.configuration.settings import SpoolSettings
from mapper.receiver.spool.figures import DiskFigures, SpoolFigures
from mapper.receiver.web.metrics import OperatingState, metric_families
from mapper.receiver.web.tally import ReceiverTally
from support.calls import ORDERS, write
from support.places import ROOT, TESTS
from support.waiting import PATIENCE

FILES = ROOT / "docs" / "operation"
PAGE = ROOT / "docs" / "receiver.md"
RULES = FILES / "prometheus-rules.yml"
PROMTOOL, SYSTEMD = shutil.which("promtool"), shutil.which("systemd-analyze")
SUFFIXES = ("_total", "_bucket", "_count", "_sum")
EMPTY = OperatingState(SpoolFigures({}, {}), DiskFigures(), SpoolSettings(), 0, 0, True, False)


def families() -> dict[str, Any]:
    """The metrics by the name that queries use."""
    found = metric_families(ReceiverTally(), EMPTY)
    return {f"{one.name}_total" if one.type == "counter" else one.name: one for one in found}


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return list(group["rules"])


def named(text: str) -> set[str]:
    """The metrics of mapper that a query names."""
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\bmapper_[a-z_]+", text)}


def metrics_table() -> str:
    lines = ["| metric | labels | meaning |", "|---|---|---|"]
    for name, family in families().items():
        labels = ", ".join(f"`{label}`" for label in family._labelnames)
        lines.append(f"| `{name}` | {labels} | {family.documentation} |")
    return "\n".join(lines) + "\n"


def alerts_table() -> str:
    lines = ["| alert | fires if | what to do |", "|---|---|---|"]
    for rule in rules():
        expression = " ".join(rule["expr"].split()).replace("|", "\\|")
        wait = f" for {rule['for']}" if "for" in rule else ""
        lines.append(f"| `{rule['alert']}` | `{expression}`{wait} | {rule['annotations']['description']} |")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", ["metrics", "alerts"])
def test_the_tables_of_the_page_are_current(name: str, update: bool) -> None:
    text = PAGE.read_text("utf-8")
    begin = f"<!-- The table of {name}: `pytest --update tests/receiver/test_operation_files.py` -->\n"
    end = f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    _, mark, after = rest.partition(end)
    assert mark, name
    whole = before + begin + (metrics_table() if name == "metrics" else alerts_table()) + mark + after
    if update:
        PAGE.write_text(whole, "utf-8")
    assert PAGE.read_text("utf-8") == whole, "run `pytest --update`"


def test_every_metric_of_the_dashboard_and_the_alerts_exists() -> None:
    board = json.loads((FILES / "grafana-dashboard.json").read_text("utf-8"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    shown = named(" ".join(queries))
    alerted = named(" ".join(rule["expr"] for rule in rules()))
    assert shown | alerted <= families().keys()
    assert families().keys() <= shown, "each metric is on the dashboard"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert all(x + width <= 24 for x, _, width, _ in places)
    assert len({(x, y) for x, y, _, _ in places}) == len(places)


def test_every_label_of_a_query_exists() -> None:
    """A label that no metric has matches nothing, and the alert is silent for ever."""
    labels = {label for family in families().values() for label in family._labelnames}
    labels |= {"instance", "job", "le"}
    board = (FILES / "grafana-dashboard.json").read_text("utf-8")
    texts = [*(rule["expr"] for rule in rules()), *re.findall(r'"expr": "((?:[^"\\]|\\.)*)"', board)]
    used = set()
    for text in texts:
        used |= {name.strip() for names in re.findall(r"\bby \(([^)]*)\)", text) for name in names.split(",")}
        used |= set(re.findall(r"[{,]\s*([a-z_]+)\s*[!=~]+", text))
    shown = " ".join(text for rule in rules() for text in rule["annotations"].values())
    used |= set(re.findall(r"\$labels\.([a-z_]+)", shown))
    assert used <= labels
    assert {"source", "destination", "status", "kind"} <= used


needs_promtool = pytest.mark.skipif(
    PROMTOOL is None and not os.environ.get("MAPPER_TESTS_NEED_PROMTOOL"),
    reason="no promtool; it is in Debian's package `prometheus`",
)


@needs_promtool
def test_the_configuration_for_prometheus_is_one(tmp_path: Path) -> None:
    """It names the job of the alerts, their file, and nothing that Prometheus does not know."""
    assert PROMTOOL is not None
    shutil.copy(RULES, tmp_path)
    text = (FILES / "prometheus.yml").read_text("utf-8")
    write(tmp_path / "key", "k")
    with_key = text.replace("# authorization", "authorization").replace(
        "/etc/prometheus/mapper_metrics_key", "key"
    )
    assert with_key != text
    for number, each in enumerate((text, with_key)):
        path = write(tmp_path / f"{number}.yml", each)
        ended = subprocess.run(
            [PROMTOOL, "check", "config", str(path)], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "14 rules found" in ended.stdout
    (job,) = yaml.safe_load(text)["scrape_configs"]
    assert set(re.findall(r'job="([^"]*)"', RULES.read_text("utf-8"))) == {job["job_name"]}


@needs_promtool
def test_every_alert_fires_when_it_should(tmp_path: Path) -> None:
    assert PROMTOOL is not None
    shutil.copy(RULES, tmp_path)
    tests = yaml.safe_load((TESTS / "receiver" / "alerts.yaml").read_text("utf-8"))
    query = 'count by (alertname) (ALERTS{alertstate="firing"})'
    firing = [{"labels": f'{{alertname="{rule["alert"]}"}}', "value": 1} for rule in rules()]
    tests["tests"][0]["promql_expr_test"] = [
        {"expr": query, "eval_time": "4m", "exp_samples": []},
        {"expr": query, "eval_time": "35m", "exp_samples": firing},
        {
            "expr": query.replace("ALERTS{", 'ALERTS{alertname="MapperDefect",'),
            "eval_time": "9m",
            "exp_samples": [{"labels": '{alertname="MapperDefect"}', "value": 1}],
        },
    ]
    write(tmp_path / "tests.yml", json.dumps(tests))
    for words in (["check", "rules", RULES.name], ["test", "rules", "tests.yml"]):
        ended = subprocess.run([PROMTOOL, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.skipif(SYSTEMD is None, reason="no systemd-analyze")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    assert SYSTEMD is not None
    text = (FILES / "mapper.service").read_text("utf-8")
    assert text.count("/opt/mapper/bin/mapper serve") == 1
    unit = tmp_path / "mapper.service"
    write(unit, text.replace("/opt/mapper/bin/mapper", "/bin/true"))
    ended = subprocess.run([SYSTEMD, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    write(unit, text.replace("/opt/mapper/bin/mapper", "/bin/true").replace("Restart=on", "Restrat=on"))
    ended = subprocess.run([SYSTEMD, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "Restrat" in ended.stderr, "the check sees a wrong key"


@pytest.mark.slow
def test_the_commands_of_the_image_run_in_a_fresh_environment(tmp_path: Path) -> None:
    """There is no daemon here that builds images; its commands run all the same."""
    text = (FILES / "Dockerfile").read_text("utf-8")
    steps = re.findall(r"^([A-Z]+) (.*)$", text, re.M)
    source, state = tmp_path / "src", tmp_path / "state"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    environment = {**os.environ, "PATH": f"{tmp_path / 'venv' / 'bin'}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    for _, command in [step for step in steps if step[0] == "RUN"]:
        here = command.replace("/var/lib/mapper", str(state))
        if os.geteuid() != 0:
            here = re.sub(r"chown \S+ \S+", "true", here)
        subprocess.run(
            ["sh", "-ec", here], cwd=source, env=environment, check=True, stdout=subprocess.DEVNULL
        )
    assert state.stat().st_mode & 0o777 == 0o700
    write(tmp_path / "orders.yaml", ORDERS)
    lines = ["receiver: 1", "listen: 127.0.0.1:0", f"spool: {{folder: {state}, min_free: 1B}}", "sources:"]
    lines.append("  - {path: /orders, mapping: ./orders.yaml, verify: none}")
    write(tmp_path / "receiver.yaml", "\n".join(lines))
    last = {word: json.loads(rest) for word, rest in steps if word in ("ENTRYPOINT", "CMD")}
    words = [*last["ENTRYPOINT"], *last["CMD"]]
    words = [word.replace("/etc/mapper", str(tmp_path)) for word in words]
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = None
            while found is None:
                line = process.stderr.readline()
                assert line, "it has ended"
                assert line.startswith("{"), line
                found = re.search(r"listening on http://127.0.0.1:(\d+)", line)
            (check,) = [rest for word, rest in steps if word == "HEALTHCHECK"]
            asked = [word.replace(":8080", f":{found[1]}") for word in json.loads(check.removeprefix("CMD "))]
            asked[-1] = re.sub(r"timeout=\d+", f"timeout={PATIENCE}", asked[-1])
            subprocess.run(asked, env=environment, check=True)
            process.send_signal(getattr(signal, dict(steps)["STOPSIGNAL"]))
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def test_the_image_is_described_without_secrets() -> None:
    text = (FILES / "Dockerfile").read_text("utf-8")
    assert not re.search(r"^(ENV|ARG)\b", text, re.M)
    assert dict(re.findall(r"^([A-Z]+) (.*)$", text, re.M))["USER"] == "10001:10001"
    for line in text.splitlines():
        shlex.split(line, comments=True)
