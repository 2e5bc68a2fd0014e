"""`refnet appendix` for readers: the findings as tables."""

from typing import Any

from rich.console import Console
from rich.table import Table

from ..tables import add_columns, print_table, table

_SHOWN_N = ("1", "2", "3", "6", "10", "17")
_LINKS = {
    "first": "N/2^m >= 1 - m^(n+1)/(2^m n!)",
    "second": "1 - m^(n+1)/(2^m n!) >= 1 - 2^((n+1) log2 m - m)",
    "third": "1 - 2^((n+1) log2 m - m) >= 1 - 2^(-m/2)",
    "end to end": "N/2^m >= 1 - 2^(-m/2)",
}


def render(found: dict[str, Any], console: Console) -> None:
    """Print every part of `findings`."""
    for part in (_lemmas, _theorem, _chain, _expansion, _folding, _spirals):
        part(found, console)
        console.print()


def _table(title: str, *columns: str) -> Table:
    made = table(title)
    add_columns(made, columns[0])
    add_columns(made, *columns[1:], right=True)
    return made


def _lemmas(found: dict[str, Any], console: Console) -> None:
    first = found["lemma_1"]
    console.print(f"Lemma 1: {first['counterexamples']} counter-examples among {first['sets']:,} sets of unit cells.")
    console.print()
    columns = ("B is m x n", "cases", '"if" fails', '"only if" fails', "of these with a 0 in B x0")
    made = _table("Lemma 2, on every B with entries -1, 0, 1", *columns)
    for row in found["lemma_2"]:
        counts = (row["cases"], row["breaks_if"], row["breaks_only_if"], row["of_these_on_a_kink"])
        made.add_row(f"{row['m']} x {row['n']}", *(f"{each:,}" for each in counts))
    print_table(made, console)
    example = next((row["example"] for row in found["lemma_2"] if "example" in row), None)
    if example:
        console.print(f'"Only if" fails for B = {example["B"]}, x0 = {example["x0"]}.')


def _theorem(found: dict[str, Any], console: Console) -> None:
    sizes = sorted({row["m"] for row in found["theorem_1"]})
    title = f"Theorem 1: per cent of the volume that ReLU(Bx) collapses; below, drawn {found['draws']:,} times"
    made = _table(title, "", *(f"m = {m}" for m in sizes))
    for n in sorted({row["n"] for row in found["theorem_1"]}):
        rows = {row["m"]: row for row in found["theorem_1"] if row["n"] == n}
        for label, key in ((f"n = {n}", "exact"), ("", "drawn")):
            made.add_row(label, *(f"{100 * rows[m][key]:.2f}" if m in rows else "" for m in sizes))
    print_table(made, console)
    inside = sum(row["inside"] for row in found["theorem_1"])
    console.print(f"{inside} of {len(found['theorem_1'])} exact shares lie in the 99.99 % interval of what was drawn.")


def _chain(found: dict[str, Any], console: Console) -> None:
    limit = found["chain"]["limit"]
    title = f"The chain of inequalities, for 1 <= n <= m <= {limit}: pairs, and m for some n"
    made = _table(title, "link", "pairs", "of", *(f"n = {n}" for n in _SHOWN_N))
    for row in found["chain"]["links"]:
        ranges = (_ranges(row["ranges"][n], limit) for n in _SHOWN_N)
        made.add_row(row["link"], f"{row['holds']:,}", f"{row['pairs']:,}", *ranges)
    print_table(made, console)
    for name, text in _LINKS.items():
        console.print(f"{name}: {text}")


def _ranges(ranges: list[list[int]], limit: int) -> str:
    if not ranges:
        return "none"
    return ", ".join(_range(low, high, limit) for low, high in ranges)


def _range(low: int, high: int, limit: int) -> str:
    if high == limit:
        return f"{low}-"
    return f"{low}" if low == high else f"{low}-{high}"


def _expansion(found: dict[str, Any], console: Console) -> None:
    columns = ("n", "m = 6 n", "collapses", "the bound", "holds", "expansion that would do", "third link from m =")
    made = _table("The chain at expansion 6, for the inputs of V2's blocks", *columns)
    for row in found["expansion"]:
        shares = (f"2^{row['collapsed_log2']:.1f}", f"2^{row['bound_log2']:.0f}")
        more = ("yes" if row["bound_holds"] else "no", str(row["least_expansion"]), f"{row['third_link_from']:,}")
        made.add_row(str(row["n"]), str(row["m"]), *shares, *more)
    print_table(made, console)


def _folding(found: dict[str, Any], console: Console) -> None:
    rows = found["folding"]
    same = sum(row["cells"] == row["claimed"] for row in rows)
    console.print(f"p^(nL) cells folded onto one: counted in {same} of {len(rows)} choices of p, n and L.")


def _spirals(found: dict[str, Any], console: Console) -> None:
    columns = ("n", "% of points lost", "% expected (Theorem 1)", "error of the best decoder", "of the pseudo-inverse")
    made = _table(f"Figure 1, mean of {found['spirals'][0]['matrices']:,} random matrices", *columns)
    for row in found["spirals"]:
        lost = (f"{100 * row['lost']:.2f}", f"{100 * row['expected_lost']:.2f}")
        made.add_row(str(row["n"]), *lost, f"{row['error']:.2g}", f"{row['picture']:.2g}")
    print_table(made, console)
    console.print("Errors are root mean squares, over the spiral's own root mean square length.")
