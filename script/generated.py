"""Files of the repository that are written from its code, and compared with it by the tests."""

import argparse
from pathlib import Path


def write_or_compare(target: Path, text: str, *, source: str, command: str) -> int:
    """Write ``text``, or with ``--check`` say whether ``target`` still holds it.

    Args:
        target: the file.
        text: what it should hold.
        source: what the text is made from, for the message.
        command: what writes it, for the message.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description=f"Writes {target.name} from {source}.")
    parser.add_argument("--check", action="store_true", help="compare only")
    if not parser.parse_args().check:
        target.write_text(text, encoding="utf-8")
        return 0
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return 0
    print(f"{target.name} is not what {source} says: run {command}")
    return 1
