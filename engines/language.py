"""Language tags."""


def primary(language: str) -> str:
    """The primary subtag of a BCP-47 language: ``pt-BR`` and ``pt_br`` give ``pt``."""
    return language.replace("_", "-").split("-", 1)[0].lower()
