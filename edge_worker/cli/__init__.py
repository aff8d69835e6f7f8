"""The ``polylip`` command; each of its commands is imported only when it is run."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import click

from edge_worker.logs import LogFormat, set_up_logs


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a command is, and its one line of help, which is shown without importing it."""

    module: str
    help: str


COMMANDS: Mapping[str, LazyCommand] = MappingProxyType(
    {
        "demo": LazyCommand(
            "edge_worker.cli.demo", "See a visitor translated, without any set-up."
        ),
        "worker": LazyCommand("edge_worker.cli.worker", "Translate and lip-sync streams."),
        "record": LazyCommand("edge_worker.cli.record", "Record what comes back to an mp4."),
        "view": LazyCommand("edge_worker.cli.view", "Print a stream's address, for players."),
        "say": LazyCommand("edge_worker.cli.say", "Say something at a door."),
        "verify": LazyCommand("edge_worker.cli.verify", "Judge a finished film by itself."),
        "models": LazyCommand("edge_worker.cli.models", "List, fetch and check the models."),
        "doctor": LazyCommand("edge_worker.cli.doctor", "Tell what works here, and what to do."),
        "bench": LazyCommand("edge_worker.cli.bench", "Measure cost and quality on this machine."),
        "camera": LazyCommand("edge_worker.cli.camera", "Publish a camera, a stream or a file."),
    }
)
"""Each module's ``command`` is a click command. The camera must not load a model runtime."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return [*super().list_commands(ctx), *COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None if there is none of this name."""
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            return super().get_command(ctx, cmd_name)
        command = importlib.import_module(lazy.module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{lazy.module}.command is not a click command")
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="polylip", prog_name="polylip")
@click.option("-v", "--verbose", is_flag=True, help="Tell more of what happens.")
@click.option(
    "--log-format",
    type=click.Choice([form.value for form in LogFormat]),
    default=LogFormat.TEXT.value,
    envvar="POLYLIP_LOG_FORMAT",
    show_default=True,
    help="Lines of the log: for people, or JSON with the ids of stream and trace.",
)
def main(verbose: bool, log_format: str) -> None:
    """Talk face to face without a common language."""
    set_up_logs(LogFormat(log_format), verbose=verbose)
