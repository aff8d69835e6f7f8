"""Asks the advisory service of the Python package index about everything that is pinned.

Ends with 1 when a pinned version has a known vulnerability. Where the service cannot be asked, it
says so instead of calling that clean.
"""

import json
import subprocess
import sys
from pathlib import Path

PINS = tuple(
    Path(__file__).parent.parent / "requirements" / name for name in ("dev.txt", "servers.txt")
)
TIMEOUT_S = 120


def main() -> int:
    """Audit, and tell."""
    files = [word for path in PINS for word in ("-r", str(path))]
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
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        packages = []
    asked = [one for one in packages if "skip_reason" not in one]
    if not asked:
        print("audit: the advisory service cannot be asked from here; nothing was audited")
        return 0
    harmed = [one for one in asked if one["vulns"]]
    for one in harmed:
        for fault in one["vulns"]:
            mended = ", ".join(fault["fix_versions"]) or "no version yet"
            print(f"audit: {one['name']} {one['version']}: {fault['id']}, mended in {mended}")
    print(f"audit: {len(asked)} of {len(packages)} pinned packages asked for, {len(harmed)} harmed")
    return 1 if harmed else 0


if __name__ == "__main__":
    sys.exit(main())
