"""Models: whether what the configuration asks for is here and unharmed."""

from collections.abc import Iterator

from edge_worker.config import WorkerSettings
from edge_worker.doctor.findings import Finding, ill, warning, well
from edge_worker.stock import Stock, Wish
from engines import EngineUnavailableError
from engines.address import SCHEME
from engines.catalogue import Catalogue, CatalogueError
from engines.language import primary


def examine_models(config: WorkerSettings) -> Iterator[Finding]:
    """Look for the recognition model, and for what each configured language takes.

    Args:
        config: of the worker.
    """
    downloads = config.downloads
    try:
        catalogue = Catalogue.load(downloads.catalogue, root=downloads.folder, hub=downloads.hub)
    except CatalogueError as error:
        yield ill("catalogue", str(error), "mend or remove the setting downloads.catalogue")
        return
    yield _recognition(catalogue, config.engines.asr)
    stock = Stock(catalogue, config.engines)
    for section in (config.defaults, *config.streams.values()):
        yield _languages(stock, section.source_language, section.target_language, section.voice)
    for model, reason in stock.broken.items():
        yield warning(f"model {model}", reason, f"polylip models pull {model}")


def _recognition(catalogue: Catalogue, name: str) -> Finding:
    if name.startswith(SCHEME):
        return well("recognition", f"by a server: {name}")
    try:
        checked = catalogue.verify(name)
    except (EngineUnavailableError, CatalogueError) as error:
        return ill("recognition", str(error), f"polylip models pull {name}")
    if checked.folder is None:
        return ill("recognition", f"{name} is not here", f"polylip models pull {name}")
    if checked.problems:
        return ill(
            "recognition", f"{name}: {'; '.join(checked.problems)}", f"polylip models pull {name}"
        )
    return well("recognition", f"{name} is here and unharmed")


def _languages(stock: Stock, source: str, target: str, voice: str) -> Finding:
    about = f"languages {source} to {target}"
    way = stock.way(Wish(primary(source), primary(target), voice))
    if way is None:
        return ill(about, "no model of the catalogue does it", "see docs/languages.md")
    if way.missing:
        names = " ".join(model.id for model in way.missing)
        return warning(about, f"lacks {names}", f"polylip models pull {names}")
    return well(about, "all models are here")
