"""`mapper schema` and `mapper completion`: an editor and a shell find what they need."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from mapper.cli.dispatch import COMMANDS
from mapper.cli.schema import SCHEMAS
from support.calls import Call, write
from support.places import ROOT


def report(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((ROOT / f"schemas/reports/{name}.schema.json").read_text("utf-8")))


class TestSchema:
    def test_the_line_for_an_editor_leads_to_the_schema_of_the_language(
        self, project: Path, call: Call
    ) -> None:
        ended = call("schema")
        start, _, path = ended.out.rstrip("\n").partition("=")
        assert (ended.code, start) == (0, "# yaml-language-server: $schema")
        schema = Draft202012Validator(json.loads(Path(path).read_text("utf-8")))
        mapping = (project / "mappings/orders.yaml").read_text()
        write(project / "mappings/orders.yaml", ended.out + mapping)
        assert call("test", "orders").code == 0, "the line is a comment"
        assert schema.is_valid(yaml.safe_load(mapping)), "an editor accepts the mapping"
        assert not schema.is_valid(yaml.safe_load(mapping.replace("on_missing", "on_mising")))

    @pytest.mark.parametrize("name", SCHEMAS)
    def test_a_schema_and_its_path(self, call: Call, name: str) -> None:
        path = call("schema", name, "--path").out.rstrip("\n")
        assert call("schema", name).out == Path(path).read_text("utf-8")
        assert Path(path).name == f"{name}.schema.json"

    @pytest.mark.parametrize(("words", "names"), [((), list(SCHEMAS)), (("event",), ["event"])])
    def test_the_report_fits_its_schema(self, call: Call, words: tuple[str, ...], names: list[str]) -> None:
        found = json.loads(call("schema", *words, "--format", "json").out)
        report("schema").validate(found)
        assert [one["name"] for one in found["schemas"]] == names

    def test_another_name_is_wrong_usage(self, call: Call) -> None:
        assert call("schema", "trace").code == 2


def bash(script: str, line: str, folder: Path) -> list[str]:
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    typed = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}"
    code = f"{script}\n{typed}\n_mapper\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.split()


def fish(script: str, line: str, folder: Path) -> list[str]:
    write(folder / "x.fish", script)
    code = f"source x.fish; complete -C '{line}'"
    done = subprocess.run(["fish", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return [row.split("\t")[0] for row in done.stdout.splitlines()]


def zsh(script: str, line: str, folder: Path) -> list[str]:
    """The words that the script hands to zsh, whose own functions are replaced by such as print."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    prefix = words[-1]
    code = f"""
    compdef() {{ : }}; _files() {{ : }}
    _describe() {{ for one in ${{(P)2}}; do print -- "${{one%%:*}}"; done }}
    compadd() {{ shift; print -l -- "$@" }}
    {script}
    words=({quoted}); CURRENT={len(words)}; PREFIX='{prefix}'
    _mapper"""
    done = subprocess.run(["zsh", "-f", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return [word for word in done.stdout.split() if word.startswith(prefix)]


SHELLS = {"bash": bash, "fish": fish, "zsh": zsh}


@pytest.mark.parametrize("shell", SHELLS)
class TestCompletion:
    def test_words_are_completed(self, project: Path, call: Call, shell: str) -> None:
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        script, complete = call("completion", shell).out, SHELLS[shell]
        assert set(complete(script, "mapper ", project)) >= set(COMMANDS)
        assert complete(script, "mapper che", project) == ["check"]
        assert "--strict" in complete(script, "mapper check --", project)
        assert "--strict" not in complete(script, "mapper test --", project)
        assert "orders" in complete(script, "mapper test or", project), "a mapping of ./mappings"
        assert "segment" in complete(script, "mapper check se", project), "a shipped mapping"
        assert "M301" in complete(script, "mapper explain M3", project)
        assert "event" in complete(script, "mapper schema ev", project)

    def test_no_mapping_is_no_fault(self, tmp_path: Path, call: Call, shell: str) -> None:
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        script = call("completion", shell).out
        assert SHELLS[shell](script, "mapper test seg", tmp_path) == ["segment"]

    def test_the_report_fits_its_schema(self, call: Call, shell: str) -> None:
        found = json.loads(call("completion", shell, "--format", "json").out)
        report("completion").validate(found)
        assert [one["name"] for one in found["commands"]] == list(COMMANDS)


def test_another_shell_is_wrong_usage(call: Call) -> None:
    assert call("completion", "tcsh").code == 2
