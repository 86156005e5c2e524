"""Serve: requests of vendors are taken, made durable, and become events."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mapper.cli import screen
from mapper.cli.receivers import ReceiverPlace, read_receiver
from mapper.cli.serve_messages import FORMATS, ServeMessages, serve_messages
from mapper.cli.spool_options import DEFAULT_FOLDER, add_folder
from mapper.diagnostics import render
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.stop import Stop
from mapper.receiver.configuration.configuration import Address, Configuration
from mapper.receiver.configuration.configuration_reader import read_configuration_file
from mapper.receiver.hangup import Hangup
from mapper.receiver.outcomes.served_mapping import ServedMapping, load_mappings
from mapper.receiver.outfit import curl_lines, own_key
from mapper.receiver.spool.tables import SpoolError, sqlite_warning

DESCRIPTION = """\
Takes requests of vendors and of your own servers, authenticates them, and answers with success when they are
on disk. They are mapped after that: each item becomes an event, a skip, or a rejection that `mapper dead`
shows and `mapper replay` maps again.

Without a configuration all shipped mappings, and those in `./mappings`, are served on the loopback address
with a key that is made and printed; events are appended to `events.ndjson` in the spool. Changed mappings,
sources and secrets in files are used without a restart; SIGHUP looks for them at once. SIGTERM ends it when
all that was taken is on disk. `--check` reports what is wrong with a configuration: its keys, its secrets,
the mappings and the profiles that it names. Secrets are looked up, and never printed; nothing is served and
nothing is written."""
EXAMPLES = """\
examples:
  mapper serve
  mapper serve receiver.yaml
  mapper serve --check receiver.yaml
  mapper serve --check receiver.yaml --format github      annotations in a pull request
  mapper serve --openapi receiver.yaml"""
DISK_FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options and the help text."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    parser.add_argument(
        "configuration", metavar="FILE", nargs="?", help="the configuration; default: all shipped mappings"
    )
    parser.add_argument("--check", action="store_true", help="check the configuration, and serve nothing")
    parser.add_argument(
        "--openapi", action="store_true", help="print a description of the requests that are taken (OpenAPI)"
    )
    parser.add_argument("--format", choices=render.FORMATS, default="text", help="default: text")
    parser.add_argument(
        "--port", type=_port, default=None, help="the port without a configuration; default: 8080"
    )
    parser.add_argument(
        "--log", choices=FORMATS, default="text",
        help="text: faults and changes; json: lines of JSON, also for each request; default: text",
    )  # fmt: skip
    add_folder(parser, "the folder of the spool without a configuration")


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes; 2 if the configuration has an error."""
    if arguments.check:
        return _check(arguments)
    if arguments.openapi:
        return _print_openapi(arguments)
    path = arguments.configuration
    if path is not None and (arguments.port is not None or arguments.spool is not None):
        raise Stop("`listen` and `spool` are in the configuration; leave out `--port` and `--spool`")
    try:
        hangup = Hangup()
        with hangup.caught(), serve_messages(arguments.log) as messages:
            return _serve(arguments, hangup, messages)
    except SpoolError as error:
        raise Stop(str(error)) from None


def _check(arguments: argparse.Namespace) -> int:
    if arguments.configuration is None:
        raise Stop("`--check` needs the file of a configuration")
    report = Report()
    load_mappings(read_configuration_file(Path(arguments.configuration), report).mappings, report)
    found = report.ordered()
    output = screen.out()
    text = render.render(found, arguments.format, color=output.has_color)
    is_text = arguments.format == "text"
    output.block(text + "\n" if is_text and found else text, has_commands=arguments.format == "github")
    end = output if is_text else screen.err()
    end.line(render.summarize(found, 1, "configuration"))
    return 2 if report.has_errors else 0


def _print_openapi(arguments: argparse.Namespace) -> int:
    from mapper.receiver.web.openapi import openapi_of

    if arguments.configuration is None:
        raise Stop("`--openapi` needs the file of a configuration")
    read = read_receiver(ReceiverPlace(Path(arguments.configuration), Path()))
    if read is None:
        return 2
    screen.out().block(json.dumps(openapi_of(read[0]), indent=2) + "\n")
    return 0


def _serve(arguments: argparse.Namespace, hangup: Hangup, messages: ServeMessages) -> int:
    """Everything that may be wrong is found before the spool is opened, but for the key that is made."""
    from mapper.receiver.receiver import Receiver
    from mapper.receiver.reload import Reloader
    from mapper.receiver.serving import AddressError, listen, serve

    folder = Path(arguments.spool or DEFAULT_FOLDER)
    file = None if arguments.configuration is None else Path(arguments.configuration)
    key = own_key(folder) if file is None else ""
    place = ReceiverPlace(file, folder, Address(port=_default_port(arguments)))
    read = read_receiver(place)
    if read is None:
        return 2
    configuration, mappings = read
    try:
        listening = listen(configuration.listen)
    except AddressError as error:
        raise Stop(str(error)) from None
    with listening:
        warning = sqlite_warning()
        if warning:
            messages.notice(warning)
        receiver = Receiver(
            configuration,
            mappings,
            observe=messages.answered,
            on_fault=messages.fault,
            on_broken=lambda error: messages.fault(str(error)),
        )
        host, port = listening.getsockname()[:2]
        address = Address(host, port)
        reloader = Reloader(receiver, messages.reloaded, place.read)
        try:
            reloader.start()
            hangup.then(reloader.ask)
            on_ready = partial(_say_ready, configuration, mappings, address, key, messages)
            serve(receiver, listening, on_ready)
        finally:
            reloader.stop()
            receiver.spool.close()
    if receiver.broken is not None:
        # Python would close the database at its end, and so sync once more. Messages are flushed already.
        os._exit(DISK_FAILED)
    return 0


def _say_ready(
    configuration: Configuration,
    mappings: Mapping[Path, ServedMapping],
    address: Address,
    key: str,
    messages: ServeMessages,
) -> None:
    if key:
        output = screen.out()
        output.line(f"The key is {key}")
        output.line()
        for line in curl_lines(configuration, mappings, address, key):
            output.line(line)
            output.line()
        messages.notice(f"events are appended to {configuration.spool.folder / 'events.ndjson'}")
    messages.notice(f"listening on http://{address}")


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError("must be between 0 and 65535")
    return number


def _default_port(arguments: argparse.Namespace) -> int:
    return Address().port if arguments.port is None else int(arguments.port)
