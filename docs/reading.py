"""docs/reading.md and README's table of other readers, made from benchmarks/results/; `generate.py` writes them."""

from typing import Any, NamedTuple

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

## Aims

{_aims(sets)}
"""


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
    parts = ["Compared with RapidOCR and Tesseract on the same pictures."]
    parts += [f"This reader is better on {_list(best)}."] if best else []
    parts += [f"{READERS[who]} is better on {_list(names)}." for who, names in better.items()]
    parts += [f"No clear difference to {READERS[who]} on {_list(names)}." for who, names in close.items()]
    return performance.wrapped(" ".join(parts))


def compared() -> str:
    """README's sentences about other readers."""
    return f"{summary(_sets())}\n[All results](docs/reading.md)."


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
    return performance.wrapped(
        f"""
        All readers got the same pictures, the slow ones fewer of the crops, on {" and ".join(machines)}: RapidOCR
        {about["rapidocr"]["versions"]["rapidocr"]} as its documentation uses it; its recogniser alone, limited to
        digits, on crops; Tesseract {about["tesseract"]["versions"]["tesseract"]} limited to digits, on pages also to
        signs. This reader is that of commit {ours["commit"][:7]}{changed}. Nothing was trained on these pictures, but
        some constants and rules of this reader were made while looking at the pages, the exams, the sudokus and the
        cheques.
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
    return "\n".join([performance.wrapped(text), "", *lines])


class Aim(NamedTuple):
    """What is measured, and what it should be."""

    name: str
    n: str
    value: float
    aim: float
    unit: str
    """How values are written, a format."""
    least: bool
    """Whether the aim is the lowest value that is good enough, or the highest."""
    why: str
    """Why the aim is missed, if it is."""

    @property
    def reached(self) -> bool:
        return self.value >= self.aim if self.least else self.value <= self.aim

    def written(self, value: float) -> str:
        return self.unit.format(value).replace("%", " %")


TOUCHING = """
    Most misread photographs of five digits show a 1 that touches its neighbour. More training with such pairs, a larger
    string network, more views of each row, and other weights of the two readers were tried.
    """
SECOND = """
    The second reader takes two thirds of the time of a cheque. Without it 0.05 s would be reached, and about 8 of 100
    cheques fewer would be read.
    """


def _aims(sets: Sets) -> str:
    """What the reader was to reach, what it reaches, and why not where it does not."""
    aims = _all_aims(sets)
    lines = ["| what | n | measured | aim | |", "| --- | --- | --- | --- | --- |"]
    for aim in aims:
        bound = f"{'at least' if aim.least else 'at most'} {aim.written(aim.aim)}"
        lines.append(
            f"| {aim.name} | {aim.n} | {aim.written(aim.value)} | {bound} | {'reached' if aim.reached else 'missed'} |"
        )
    missed = dict.fromkeys(aim.why for aim in aims if not aim.reached)
    machine = performance.load("processor_time")["photographs"]["machine"]
    time = f"""
        Processor time is that of `read_image` with one thread, on an {machine["processor"]}
        (`benchmarks/processor_time.py`). The page is the table in the README, enlarged. Other processors need up to
        three times as long (LOG.md, 2026-11-28).
        """
    return "\n\n".join(
        ["\n".join(lines), performance.wrapped(time), *(performance.wrapped(why) for why in missed if why)]
    )


def _all_aims(sets: Sets) -> list[Aim]:
    found = []
    for name, title, (digits, written) in (
        ("pages, real", PAGES["pages, real"], (44, 40)),
        ("pages, composed", PAGES["pages, composed"], (37, 36)),
    ):
        row = sets[name]["ours"]
        n = f"{row['rows']} rows"
        found.append(Aim(f"{title}: rows right as digits", n, row["digits"], digits, "{:.0f}", True, ""))
        found.append(Aim(f"{title}: rows right as written", n, row["written"], written, "{:.0f}", True, ""))
    row = sets["pages, composed"]["ours"]
    found.append(
        Aim(f"{PAGES['pages, composed']}: whole pictures", f"{row['n']}", row["whole"], 20, "{:.0f}", True, "")
    )
    wrong = sum(sets[name]["ours"]["accepted_wrong"] for name in PAGES)
    rows = sum(sets[name]["ours"]["rows"] for name in PAGES)
    found.append(Aim("rows accepted that are not on these pages", f"{rows} rows", wrong, 2, "{:.0f}", False, ""))
    read = performance.load("handwriting")["sets"]
    for name, title, share, least in (
        ("cheques", "amounts on bank cheques: read right", "strings", 0.78),
        ("cheques", "amounts on bank cheques: digits right", "digits", 0.94),
        ("photographed numbers", "photographs of five digits", "strings", 0.93),
        ("photographs", "photographs of one digit", "strings", 0.98),
        ("exams", CROPS["exams"], "strings", 0.965),
        ("canvas", CROPS["canvas"], "strings", 0.997),
        ("sudoku", CROPS["sudoku"], "strings", 0.965),
        ("optdigits", CROPS["optdigits"], "strings", 0.968),
        ("drawings", "one to three drawn digits", "strings", 0.992),
    ):
        why = TOUCHING if name == "photographed numbers" else ""
        found.append(Aim(title, f"{read[name]['n']:,}", read[name][share], least, "{:.1%}", True, why))
    refusal = performance.load("refusal")
    others = [refusal["no digits"][name] for name in ("letters", "letters that look like digits", "scribbles")]
    n = sum(row["n"] for row in others)
    accepted = sum(row["n"] - row["refused"] for row in others) / n
    alike = others[1]
    why = f"""
        {alike["n"] - alike["refused"]} of the letters and scribbles that are accepted are among {alike["n"]} letters
        like O, l and S, which have the form of a digit. Stricter acceptance of single digits reached 2 %, but then a
        quarter of the digits drawn with a thick pen was unsure.
        """
    found.append(Aim("letters and scribbles that are accepted", f"{n}", accepted, 0.02, "{:.1%}", False, why))
    digits = refusal["digits"]
    for title, key, errors in (
        ("errors on MNIST's test images, the network alone", "errors", 41),
        ("errors on MNIST's test images, through `read_image`", "errors_through_read_image", 48),
    ):
        found.append(Aim(title, f"{digits['n']:,}", digits[key], errors, "{:.0f}", False, ""))
    corrupted = performance.load("corruptions")["reading"]
    n_corrupted = f"{len(corrupted['errors'])} x {corrupted['n']:,}"
    found.append(
        Aim("errors under the corruptions of MNIST-C", n_corrupted, corrupted["mean"], 0.08, "{:.1%}", False, "")
    )
    times = performance.load("processor_time")
    for name, most in (
        ("photographs", 0.15),
        ("photographed numbers", 0.15),
        ("cheques", 0.05),
        ("page of 12 megapixels", 1.0),
    ):
        title = {"photographs": "photograph of one digit", "photographed numbers": "photograph of five digits",
                 "cheques": "cheque"}.get(name, name)  # fmt: skip
        why = SECOND if name == "cheques" else ""
        found.append(
            Aim(f"processor time: {title}", f"{times[name]['n']}", times[name]["mean"], most, "{:.2f} s", False, why)
        )
    return found


def _sets() -> Sets:
    return performance.load("peers")["sets"]
