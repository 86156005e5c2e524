"""Completion: the commands and their options become a script for a shell."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

from mapper import catalog
from mapper.cli import screen
from mapper.cli.dispatch import COMMANDS, build_parser
from mapper.diagnostics.codes import CODES

DESCRIPTION = """\
Prints a script that completes commands, options, names of mappings and files. The script runs nothing of
mapper, so completing takes no time; print it again after an update."""
EXAMPLES = """\
examples:
  mapper completion bash >> ~/.bashrc
  mapper completion zsh > ~/.zfunc/_mapper          a folder of $fpath
  mapper completion fish > ~/.config/fish/completions/mapper.fish"""
SHELLS = ("bash", "zsh", "fish")
TAKES_MAPPINGS = ("check", "test", "run")


@dataclass(frozen=True, slots=True)
class CommandWords:
    """The words that complete a command: its options, and those in the place of an argument."""

    name: str
    summary: str
    options: tuple[str, ...]
    words: tuple[str, ...]
    takes_mappings: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: the words; default: text"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the script, or the words it is made of."""
    commands = [command_words(name) for name in COMMANDS]
    if arguments.format == "json":
        listed = [
            {
                "name": one.name,
                "summary": one.summary,
                "options": one.options,
                "words": one.words,
                "takes_mappings": one.takes_mappings,
            }
            for one in commands
        ]
        screen.out().block(json.dumps({"shell": arguments.shell, "commands": listed}) + "\n")
    else:
        write = {"bash": _bash, "zsh": _zsh, "fish": _fish}[arguments.shell]
        screen.out().block(write(commands))
    return 0


def command_words(name: str) -> CommandWords:
    """The words of a command, as its parser has them."""
    parser = build_parser(name)
    choices = next(a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    options, words = [], list[str]()
    for action in choices[name]._actions:
        options += action.option_strings
        if not action.option_strings and action.choices:
            words += map(str, action.choices)
    words += catalog.mapping_names() if name in TAKES_MAPPINGS else []
    words += CODES if name == "explain" else []
    return CommandWords(name, COMMANDS[name], tuple(options), tuple(words), name in TAKES_MAPPINGS)


def _bash(commands: list[CommandWords]) -> str:
    cases = "\n".join(
        f'        {one.name}) words="{" ".join(one.words)}"; options="{" ".join(one.options)}" ;;'
        for one in commands
    )
    takers = "|".join(TAKES_MAPPINGS)
    return f"""\
# Completion of mapper for bash, made by `mapper completion bash`.
_mapper() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" command="" one words options
    for one in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$one" in -*) ;; *) command="$one"; break ;; esac
    done
    case "$command" in
        "") words="{" ".join(COMMANDS)}"; options="--help --version" ;;
{cases}
        *) words=""; options="" ;;
    esac
    case "$command" in
        {takers})
            for one in mappings/*.yaml mappings/*.yml; do
                [ -e "$one" ] && one="${{one#mappings/}}" && words="$words ${{one%.*}}"
            done ;;
    esac
    case "$word" in
        -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
        *) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    esac
}}
complete -o default -o bashdefault -F _mapper mapper
"""


def _zsh(commands: list[CommandWords]) -> str:
    summaries = "\n".join(f"        {_quoted(f'{one.name}:{one.summary}')}" for one in commands)
    cases = "\n".join(
        f"        {one.name}) found=({' '.join(one.words)}); options=({' '.join(one.options)}) ;;"
        for one in commands
    )
    takers = "|".join(TAKES_MAPPINGS)
    return f"""\
#compdef mapper
# Completion of mapper for zsh, made by `mapper completion zsh`.
_mapper() {{
    local -a commands found options
    local command="${{words[2]}}"
    commands=(
{summaries}
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case "$command" in
{cases}
    esac
    case "$command" in
        {takers}) found+=(mappings/*.(yaml|yml)(N:t:r)) ;;
    esac
    if [[ "$PREFIX" == -* ]]; then
        compadd -- $options
    else
        compadd -- $found
        _files
    fi
}}
if [[ "$funcstack[1]" == _mapper ]]; then
    _mapper "$@"
else
    compdef _mapper mapper
fi
"""


def _fish(commands: list[CommandWords]) -> str:
    lines = [
        "# Completion of mapper for fish, made by `mapper completion fish`.",
        "function __mapper_mappings",
        "    for file in mappings/*.yaml mappings/*.yml",
        "        string replace -r '.*/(.*)\\..*' '$1' $file",
        "    end",
        "end",
    ]
    for one in commands:
        summary = _quoted(one.summary)
        lines.append(f"complete -c mapper -n __fish_use_subcommand -f -a {one.name} -d {summary}")
    for one in commands:
        start = f"complete -c mapper -n '__fish_seen_subcommand_from {one.name}'"
        if one.words:
            lines.append(f"{start} -a {_quoted(' '.join(one.words))}")
        if one.takes_mappings:
            lines.append(f"{start} -a '(__mapper_mappings)'")
        for option in one.options:
            flag = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            lines.append(f"{start} {flag}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "") + "'"
