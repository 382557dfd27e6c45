"""The Azure ML CLI v1 commands for the ``az`` program, carried out by ``terroir``."""

from typing import Any, Dict, List

from azure.cli.core import AzCommandsLoader

from azext_terroir import help as _help  # noqa: F401  (registers the help texts)
from azext_terroir.table import COMMANDS, rows, unique


class TerroirCommandsLoader(AzCommandsLoader):
    """Offers every command of the table to ``az``."""

    def __init__(self, cli_ctx: Any = None) -> None:
        from azure.cli.core.commands import CliCommandType

        handlers = CliCommandType(operations_tmpl="azext_terroir.handlers#{}")
        super().__init__(cli_ctx=cli_ctx, custom_command_type=handlers)

    def load_command_table(self, args: List[str]) -> Dict[str, Any]:
        for command in COMMANDS:
            group, _, verb = command.name.rpartition(" ")
            with self.command_group(group) as commands:
                commands.custom_command(
                    verb, command.handler, table_transformer=rows(command.columns)
                )
        return self.command_table

    def load_arguments(self, command: str) -> None:
        for known in COMMANDS:
            if known.name != command:
                continue
            with self.argument_context(command) as arguments:
                for option in unique(known):
                    if option.kind == "rest":
                        arguments.positional(option.dest, **option.settings())
                    else:
                        arguments.argument(option.dest, **option.settings())


COMMAND_LOADER_CLS = TerroirCommandsLoader
