"""docs/reading.md and README's table of other readers, made from benchmarks/results/; `generate.py` writes them."""

import textwrap
from typing import Any

import performance

READERS = {
    "ours": "this reader",
    "rapidocr": "RapidOCR",
    "rapidocr digits": "RapidOCR limited to digits",
    "tesseract": "Tesseract",
}
PAGES = {
    "pages, real": "photographs and scans of pages",
    "pages, composed": "small pages composed of MNIST test digits",
}
CROPS = {
    "exams": "digits from exam scans",
    "canvas": "digits drawn with a mouse",
    "optdigits": "UCI's digits, 32 × 32",
    "sudoku": "digits from photographed sudokus",
    "cheques": "amounts on bank cheques",
}
Sets = dict[str, dict[str, dict[str, Any]]]


def page() -> str:
    """docs/reading.md."""
    sets = _sets()
    return f"""# Reading: comparison and robustness

Made by `python docs/generate.py` from `benchmarks/results/`; not edited by hand.

## Comparison with RapidOCR and Tesseract

{summary(sets)}

```bash
python benchmarks/peers.py                        # needs the pictures: --data
python benchmarks/peers.py --who ours --again     # after the reader has changed
```

{_conditions(sets)}

### Pages

{_pages(sets)}

Rows right: as digits, the row's digits are right, and rows are in order. As written, points, signs and spaces are
right as well. Whole pictures: every row is right as digits, and there is no other row. Rows not on the page: rows
output whose digits are not a row of the page; printed text that is read counts as well.

### Crops with one number or one digit

{_crops(sets)}

Read right: all digits of the picture. Digits right: by edit distance. Slow readers get fewer of the pictures, evenly
spread; n is their number.

### What this reader accepts

{_accepted(sets)}

An accepted number is meant to be used without looking at it. The other readers do not accept or reject.

## Robustness to corruption (MNIST-C)

{_robustness()}
"""


def table() -> str:
    """README's comparison: the summary and one row per set."""
    sets = _sets()
    lines = [
        f"| pictures | {' | '.join(READERS.values())} |",
        "| --- |" + " --- |" * len(READERS),
        *(
            f"| {meaning}: rows right | {' | '.join(_cells(sets[name], 'digits', 'rows'))} |"
            for name, meaning in PAGES.items()
        ),
        *(f"| {meaning} | {' | '.join(_cells(sets[name], 'whole', 'n'))} |" for name, meaning in CROPS.items()),
    ]
    reading = performance.load("corruptions")["reading"]
    corrupted = f"""
        Under the {len(reading["errors"])} corruptions of MNIST-C, the reader misreads {100 * reading["mean"]:.1f} % of
        single digits on average, and {100 * reading["clean"]:.1f} % of the digits without corruption.
        """
    return "\n".join([summary(sets), "", *lines, "", _conditions(sets), "", _fill(corrupted)])


def summary(sets: Sets) -> str:
    """Where this reader reads the most, where which other reader does, and where their 95 % intervals overlap."""
    best: list[str] = []
    better: dict[str, list[str]] = {}
    close: dict[str, list[str]] = {}
    for name, meaning in (PAGES | CROPS).items():
        rows = sets[name]
        peer = max((who for who in rows if who != "ours"), key=lambda who: _share(rows[who], name))
        ours, other = (_share(rows[who], name) for who in ("ours", peer))
        if name in CROPS and _overlap(rows["ours"]["interval"], rows[peer]["interval"]):
            close.setdefault(peer, []).append(meaning)
        elif ours > other:
            best.append(meaning)
        else:
            better.setdefault(peer, []).append(meaning)
    parts = [f"This reader reads more than the others of {_list(best)}."] if best else []
    parts += [f"{READERS[who]} reads more of {_list(names)}." for who, names in better.items()]
    parts += [f"{READERS[who]} and this reader read about as many {_list(names)}." for who, names in close.items()]
    return _fill(" ".join(parts))


def _overlap(one: list[float], other: list[float]) -> bool:
    """Whether two 95 % intervals overlap."""
    return one[0] <= other[1] and other[0] <= one[1]


def _list(names: list[str]) -> str:
    return "; ".join(names)


def _share(row: dict[str, Any], name: str) -> float:
    return row["digits"] / row["rows"] if name in PAGES else row["whole"] / row["n"]


def _cells(rows: dict[str, dict[str, Any]], right: str, of: str) -> list[str]:
    """By reader `right` of `of` with its share, the best in bold; a dash where a reader was not measured."""
    most = max(row[right] / row[of] for row in rows.values())
    cells = []
    for who in READERS:
        row = rows.get(who)
        text = f"{row[right]:,} of {row[of]:,} ({100 * row[right] / row[of]:.1f} %)" if row else "-"
        cells.append(f"**{text}**" if row and row[right] / row[of] == most else text)
    return cells


def _pages(sets: Sets) -> str:
    lines = [
        "| pictures | reader | rows right, as digits | as written | whole pictures | rows not on the page |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, meaning in PAGES.items():
        for who, row in sets[name].items():
            lines.append(
                f"| {meaning} | {READERS[who]} | {row['digits']} of {row['rows']} | {row['written']} of {row['rows']} "
                f"| {row['whole']} of {row['n']} | {row['extra']} |"
            )
    return "\n".join(lines)


def _crops(sets: Sets) -> str:
    lines = [
        "| pictures | reader | n | read right (95 % interval) | digits right | nothing read |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, meaning in CROPS.items():
        for who, row in sets[name].items():
            low, high = row["interval"]
            lines.append(
                f"| {meaning} | {READERS[who]} | {row['n']:,} | {100 * row['whole'] / row['n']:.1f} % "
                f"({100 * low:.1f} to {100 * high:.1f}) | {100 * row['digits']:.1f} % | {row['empty']:,} |"
            )
    return "\n".join(lines)


def _accepted(sets: Sets) -> str:
    lines = ["| pictures | rows or pictures | accepted and right | accepted and wrong |", "| --- | --- | --- | --- |"]
    for name, meaning in (PAGES | CROPS).items():
        row = sets[name]["ours"]
        of = row["rows"] if name in PAGES else row["n"]
        lines.append(f"| {meaning} | {of:,} | {row['accepted_right']:,} | {row['accepted_wrong']:,} |")
    return "\n".join(lines)


def _conditions(sets: Sets) -> str:
    """What was compared, with versions."""
    rows = [by[who] for by in sets.values() for who in by]
    about = {who: next(by[who] for by in sets.values() if who in by) for who in READERS}
    ours = about["ours"]
    changed = " with uncommitted changes" if ours["uncommitted_changes"] else ""
    machines = sorted({f"{row['machine']['cores']} cores of an {row['machine']['processor']}" for row in rows})
    return _fill(
        f"""
        All readers got the same pictures, the slow ones fewer of the crops, on {" and ".join(machines)}: RapidOCR
        {about["rapidocr"]["versions"]["rapidocr"]} as its documentation uses it; its recogniser alone, limited to
        digits, on crops; Tesseract {about["tesseract"]["versions"]["tesseract"]} limited to digits, on pages also to
        signs. This reader is that of commit {ours["commit"][:7]}{changed}. Nothing was trained on these pictures, but
        some constants of this reader were set while looking at the exams, the sudokus and the cheques.
        """
    )


def _robustness() -> str:
    result = performance.load("corruptions")
    reading, network = result["reading"], result["models"]["handwriting"]
    lines = [
        "| corruption | errors of the reader | accepted | accepted and wrong | errors of the network alone |",
        "| --- | --- | --- | --- | --- |",
    ]

    def row(title: str, errors: float, accepted: float, wrong: float, alone: float, mark: str = "") -> str:
        cells = " | ".join(f"{mark}{100 * share:.1f} %{mark}" for share in (errors, accepted, wrong, alone))
        return f"| {title} | {cells} |"

    def mean(shares: dict[str, float]) -> float:
        return sum(shares[name] for name in reading["errors"]) / len(reading["errors"])

    accepted, wrong = reading["accepted"], reading["accepted_wrong"]
    lines.append(row("none", reading["clean"], accepted["clean"], wrong["clean"], network["clean"]))
    for name, errors in reading["errors"].items():
        lines.append(row(name, errors, accepted[name], wrong[name], network["errors"][name]))
    means = (reading["mean"], mean(accepted), mean(wrong), mean(network["errors"]))
    lines.append(row(f"**mean of the {len(reading['errors'])}**", *means, "**"))
    text = f"""
        The corruptions are the {len(reading["errors"])} of Mu & Gilmer 2019, "MNIST-C", made from their definitions by
        `benchmarks/corruptions.py`. The reader, `read_image` of commit {reading["commit"][:7]}, gets each corrupted
        28 × 28 image as a picture: the first {reading["n"]:,} test images per corruption. The network alone gets all
        {result["n"]:,} as they are. [More networks](accuracy.md) are compared on the same images. Nothing
        was trained on the corruptions or chosen by them.
        """
    return "\n".join([_fill(text), "", *lines])


def _sets() -> Sets:
    return performance.load("peers")["sets"]


def _fill(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)
