"""Film a clip under a condition: ``python -m edge_worker.bench.scenes SCENE IN.mp4 OUT.mp4``."""

from pathlib import Path

import av
import click

from edge_worker.bench.scenes import film, scenes
from engines.face.mediapipe import MediaPipeFace


@click.command(epilog=", ".join(scenes()))
@click.argument("scene", type=click.Choice(list(scenes())), metavar="SCENE")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seconds", type=click.FloatRange(min=0.1), help="How much of the clip.")
def main(scene: str, source: Path, out: Path, seconds: float | None) -> None:
    """Film the talking SOURCE as SCENE shows it, with its sound, to the mp4 OUT."""
    try:
        film(scenes()[scene], source, out, MediaPipeFace(), seconds=seconds)
    except (av.FFmpegError, ValueError) as error:
        raise click.ClickException(f"{source}: {error}") from error


if __name__ == "__main__":
    main()
