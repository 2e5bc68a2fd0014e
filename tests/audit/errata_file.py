"""Hold the page of errata to what the audit computes.

    python tests/audit/errata_file.py          check that it is current (exit status 1 if not)
    python tests/audit/errata_file.py --write  bring it up to date
"""

import sys
from pathlib import Path

from refnet.papers import errata_page, run_audit

ERRATA = Path(__file__).parents[2] / "refnet" / "papers" / "ERRATA.md"


if __name__ == "__main__":
    new = errata_page(run_audit())
    if "--write" in sys.argv:
        ERRATA.write_text(new, encoding="utf-8")
    elif not ERRATA.is_file() or ERRATA.read_text(encoding="utf-8") != new:
        sys.exit("ERRATA.md is out of date; run `python tests/audit/errata_file.py --write`")
