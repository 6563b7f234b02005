"""Aims: what the reader should reach, and what benchmarks/results/ says it reaches."""

from typing import NamedTuple

from results import PAGES, SETS, load


class Aim(NamedTuple):
    """A measured value and the least or the most that it should be."""

    name: str
    n: str
    value: float
    aim: float
    form: str
    """Format of the value and the aim."""
    least: bool

    @property
    def reached(self) -> bool:
        return self.value >= self.aim if self.least else self.value <= self.aim

    def cells(self) -> tuple[str, ...]:
        """Return name, n, value, aim, and whether the aim is reached."""
        value, aim = (self.form.format(number).replace("%", " %") for number in (self.value, self.aim))
        bound = "at least" if self.least else "at most"
        return self.name, self.n, value, f"{bound} {aim}", "reached" if self.reached else "missed"


def all_aims() -> list[Aim]:
    """Return the aims of pages, crops, refusal, corruptions and processor time."""
    return [*_pages(), *_crops(), *_refusal(), *_times()]


def _pages() -> list[Aim]:
    sets = load("peers")["sets"]
    found = []
    for name, digits, written in (("pages, real", 44, 40), ("pages, composed", 37, 36)):
        row = sets[name]["ours"]
        n = f"{row['rows']} rows"
        found.append(Aim(f"{SETS[name]}: rows right as digits", n, row["digits"], digits, "{:.0f}", True))
        found.append(Aim(f"{SETS[name]}: rows right as written", n, row["written"], written, "{:.0f}", True))
    composed = sets["pages, composed"]["ours"]
    found.append(Aim("small composed pages: whole pictures", f"{composed['n']}", composed["whole"], 20, "{:.0f}", True))
    wrong, n = (sum(sets[name]["ours"][key] for name in PAGES) for key in ("accepted_wrong", "rows"))
    return [*found, Aim("accepted rows that are not on these pages", f"{n} rows", wrong, 2, "{:.0f}", False)]


def _crops() -> list[Aim]:
    what = {"strings": "read right", "digits": "digits right"}
    return [
        Aim(f"{SETS[name]}: {what[kind]}", f"{row['n']:,}", row[kind], aim, "{:.1%}", True)
        for name, row in load("handwriting")["sets"].items()
        for kind, aim in (row["targets"] or {}).items()
    ]


def _refusal() -> list[Aim]:
    result, corrupted = load("refusal"), load("corruptions")["reading"]
    digits, others = result["digits"], [row for name, row in result["no digits"].items() if name != "blank paper"]
    n = sum(row["n"] for row in others)
    accepted = sum(row["n"] - row["refused"] for row in others) / n
    images, name = f"{digits['n']:,}", "errors on MNIST's test images"
    runs = f"{len(corrupted['errors'])} × {corrupted['n']:,}"
    return [
        Aim("letters and scribbles that are accepted", f"{n}", accepted, 0.02, "{:.1%}", False),
        Aim(f"{name}, the classifier alone", images, digits["errors"], 41, "{:.0f}", False),
        Aim(f"{name}, through `read_image`", images, digits["errors_through_read_image"], 48, "{:.0f}", False),
        Aim("errors under the corruptions of MNIST-C", runs, corrupted["mean"], 0.08, "{:.1%}", False),
    ]


def _times() -> list[Aim]:
    times, name = load("processor_time"), "page of 12 megapixels"
    limits = {"photographs": 0.15, "photographed numbers": 0.15, "cheques": 0.05, name: 1.0}
    return [
        Aim(f"processor time: {SETS.get(key, key)}", f"{times[key]['n']}", times[key]["mean"], most, "{:.2f} s", False)
        for key, most in limits.items()
    ]
