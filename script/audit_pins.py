"""Asks the advisory service of the Python package index about everything that is pinned.

Ends with 1 when a pinned version has a known vulnerability. Where the service cannot be asked, it
says so instead of calling that clean.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).parent.parent / "requirements"
PINS = (("dev.txt", "servers.txt"), ("container.txt",))
"""Files that are asked for together; pip-audit takes no package twice."""
TIMEOUT_S = 60


def main() -> int:
    """Audit, and tell."""
    harmed = False
    for names in PINS:
        packages = audited(names)
        asked = [one for one in packages if "skip_reason" not in one]
        if not asked:
            print("audit: the advisory service cannot be asked from here; nothing was audited")
            return 0
        for one in asked:
            for fault in one["vulns"]:
                mended = ", ".join(fault["fix_versions"]) or "no version yet"
                print(f"audit: {one['name']} {one['version']}: {fault['id']}, mended in {mended}")
                harmed = True
        print(f"audit: {len(asked)} of {len(packages)} pins of {' and '.join(names)} asked for")
    return int(harmed)


def audited(names: tuple[str, ...]) -> list[dict[str, Any]]:
    """What pip-audit says of each package; nothing where it cannot ask."""
    files = [word for name in names for word in ("-r", str(REQUIREMENTS / name))]
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip_audit", *files, "--no-deps", "--disable-pip"),
                *("--format", "json", "--progress-spinner", "off", "--timeout", "10"),
            ],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        return []
    return packages


if __name__ == "__main__":
    sys.exit(main())
