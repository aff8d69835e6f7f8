"""``polylip demo``: a visitor, translated, without any set-up."""

import asyncio
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge_worker.demo import SAMPLE
from edge_worker.demo.processes import ProcessFailedError
from edge_worker.demo.report import BARS, BarVerdict, Outcome, figures, mouth_fact, shown
from edge_worker.demo.run import DemoOptions, run
from edge_worker.demo.run import Progress as Step
from edge_worker.demo.show import film_length_s, show
from edge_worker.transport.broker import BrokerUnavailableError
from edge_worker.verify.reference import read_reference
from engines import EngineUnavailableError
from mqtt_schemas import AUTO_LANGUAGE, IdRefused, canonical_language


@click.command("demo")
@click.option(
    "--input",
    "film",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A film of your own.  [default: the sample visitor]",
)
@click.option("--from", "source", default=None, help="Language spoken in it.  [default: auto]")
@click.option("--to", "target", default="en", show_default=True, help="Language to translate to.")
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Folder for what is made.",
)
def command(*, film: Path | None, source: str | None, target: str, folder: Path) -> None:
    """Play a visitor to a worker, live, and look at what comes back.

    Starts a broker, a worker and a camera on this machine; nothing else is needed and nothing is
    left running.
    """
    console = Console(stderr=True)
    own = film is not None
    try:
        reference = None if own else read_reference(SAMPLE / "reference.json")
        chosen = film if film is not None else SAMPLE / "visitor.mp4"
        spoken = source or (reference.source_language if reference else AUTO_LANGUAGE)
        options = DemoOptions(
            film=chosen,
            source=spoken if spoken == AUTO_LANGUAGE else canonical_language(spoken),
            target=canonical_language(target),
            folder=folder,
            film_s=film_length_s(chosen),
        )
        with _bar(console) as bar:
            task = bar.add_task("", total=None)

            def tell(step: Step) -> None:
                bar.update(
                    task, description=step.step, total=step.total_s or None, completed=step.done_s
                )

            result = asyncio.run(run(options, tell))
            made = show(options, result, reference, lambda step: tell(Step(step)))
    except (
        BrokerUnavailableError,
        EngineUnavailableError,
        IdRefused,
        ProcessFailedError,
        ValueError,
    ) as error:
        raise click.ClickException(str(error)) from error
    _tell(console, folder, made)
    if not own and any(value is None for value in figures(made).values()):
        raise click.ClickException("a figure has no data; see report.json")


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<32}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=False,
    )


def _tell(console: Console, folder: Path, made: Outcome) -> None:
    numbers = figures(made)
    for bar in BARS:
        verdict = bar.judge(numbers[bar.key])
        sign = "[green]ok[/]" if verdict is BarVerdict.PASS else f"[red]{verdict.value}[/]"
        console.print(
            f"  {sign:<18} {bar.meaning}: {shown(numbers[bar.key], bar.unit)} ({bar.promise})"
        )
    for mouth in made.findings.mouths:
        console.print(mouth_fact(mouth), style="dim", highlight=False)
    console.print()
    console.print(f"The visitor as you would see her: [bold]{folder / 'translated.mp4'}[/]")
    console.print(f"Before and after, side by side:   [bold]{folder / 'before-after.mp4'}[/]")
    console.print(f"Everything that was measured:     [bold]{folder / 'report.html'}[/]")
