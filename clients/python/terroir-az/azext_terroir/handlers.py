"""The functions behind the commands, one for each row of the table."""

import inspect
import json
import os
from typing import Any, Callable, Dict, List

from azext_terroir import folder, program
from azext_terroir.failure import TerroirError
from azext_terroir.table import COMMANDS, Command, unique


_SHOW = next(command for command in COMMANDS if command.name == "ml workspace show")


def _words(command: Command, given: Dict[str, Any]) -> List[str]:
    words = list(command.terroir)
    for option in unique(command):
        if option.kind != "rest":
            words += option.words(given.get(option.dest))
    return words


def _run(command: Command, given: Dict[str, Any]) -> Any:
    if command.refusal:
        hint = command.refusal
        if command.name == "ml workspace delete":
            hint = folder.deletion(program.result(_words(_SHOW, given), [], False))
        raise TerroirError(
            "error: `az {}` is not offered\n\nhint: {}".format(command.name, hint), 2
        )
    words = _words(command, given)
    if command.shows == "text":
        program.text(words)
        return None
    rest = list(given.get("script") or [])
    result = program.result(words, rest, command.shows == "stream")
    if command.name == "ml folder attach":
        folder.attach(given.get("path") or os.curdir, result)
    if command.name == "ml run list":
        result = _narrowed(result, given)
    metadata = given.get("output_metadata_file")
    if metadata:
        with open(metadata, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=2)
    return result


def _narrowed(runs: List[Dict[str, Any]], given: Dict[str, Any]) -> List[Dict[str, Any]]:
    status, last = given.get("status"), given.get("last")
    if status:
        runs = [run for run in runs if str(run.get("status")).lower() == status.lower()]
    if last is None:
        return runs
    if not last.isdigit():
        raise TerroirError("error: `{}` is no number of runs".format(last), 2)
    return runs[: int(last)]


def _function(command: Command) -> Callable[..., Any]:
    def run(**given: Any) -> Any:
        return _run(command, given)

    # `az` reads from the signature which arguments there are and which must be given.
    setattr(
        run,
        "__signature__",
        inspect.Signature(
            [
                inspect.Parameter(
                    option.dest,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=inspect.Parameter.empty if option.required else None,
                )
                for option in unique(command)
            ]
        ),
    )
    run.__name__ = command.handler
    run.__doc__ = command.summary
    return run


for _command in COMMANDS:
    globals()[_command.handler] = _function(_command)
