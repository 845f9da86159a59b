"""The frame of the benchmarks: candidates in turn, medians, ratios, spreads, lines for people and programs."""

import json
import statistics


class Absent(Exception):
    """A peer that cannot be had here; the text says why."""


class Candidate:
    """One that is measured: role is ours, peer, floor or other; figures has one number a round."""

    def __init__(self, role, name, figures=None, why=None):
        self.role, self.name, self.figures, self.why = role, name, figures or [], why


class Row:
    """One figure: who was measured and which way is better. aim is a ratio or, by aim_figure, a figure of ours."""

    def __init__(self, name, unit, better, candidates, aim=None, aim_figure=None, note=None):
        self.name, self.unit, self.better = name, unit, better
        self.candidates, self.aim, self.aim_figure, self.note = candidates, aim, aim_figure, note

    def _of(self, role):
        return [c for c in self.candidates if c.role == role]

    def _ratio(self, ours, other):
        """How many times better ours is: of two figures of one round."""
        if not ours or not other:
            return None
        return ours / other if self.better == "more" else other / ours

    def _against(self, figures, peer):
        """Median, least and most of the ratios, round by round."""
        if peer is None or not peer.figures:
            return None, None
        ratios = [self._ratio(a, b) for a, b in zip(figures, peer.figures)]
        ratios = [ratio for ratio in ratios if ratio is not None]
        if not ratios:
            return None, None
        return statistics.median(ratios), [min(ratios), max(ratios)]

    def _reached(self, ours, ratio):
        if self.aim is not None:
            return None if ratio is None else ratio >= self.aim
        if self.aim_figure is None:
            return None
        return ours >= self.aim_figure if self.better == "more" else ours <= self.aim_figure

    def _aim_text(self):
        if self.aim is not None:
            return ">= %sx" % number(self.aim)
        if self.aim_figure is not None:
            return "%s %s %s" % (">=" if self.better == "more" else "<=", number(self.aim_figure),
                                 self.unit)
        return None

    def lines(self):
        """A dict for each peer, or one without if there is none."""
        figures = self._of("ours")[0].figures
        ours = statistics.median(figures)
        for peer in self._of("peer") or [None]:
            ratio, spread = self._against(figures, peer)
            yield {
                "name": self.name,
                "ours": ours,
                "unit": self.unit,
                "peer": "none" if peer is None else peer.name,
                "peer_figure": statistics.median(peer.figures) if peer and peer.figures else None,
                "ratio": ratio,
                "spread": spread or [min(figures) / ours if ours else 1.0, max(figures) / ours if ours else 1.0],
                "floor": {c.name: statistics.median(c.figures) for c in self._of("floor")},
                "others": {c.name: statistics.median(c.figures) for c in self._of("other")},
                "rounds": len(figures),
                "aim": self._aim_text(),
                "reached": self._reached(ours, ratio),
                "absent": peer.why if peer else None,
                "note": self.note,
            }


def in_turn(row, measures, rounds):
    """Fills the figures of the row's candidates: measures has a function for each, called A B A B."""
    pairs = [(candidate, measure) for candidate, measure in zip(row.candidates, measures) if measure]
    for _ in range(rounds):
        for candidate, measure in pairs:
            candidate.figures.append(measure())


def number(value):
    """Three significant digits, without an exponent."""
    if value is None:
        return "-"
    if abs(value) >= 100 or value == int(value):
        return "%d" % round(value)
    return "%.3g" % value


HEADER = ["name", "ours", "unit", "peer", "peer's", "ratio", "spread", "floor", "aim", ""]


def cells(line):
    reached = {None: "", True: "reached", False: "missed"}[line["reached"]]
    absent = line["absent"] is not None
    return [line["name"], number(line["ours"]), line["unit"], line["peer"],
            "absent" if absent else number(line["peer_figure"]),
            number(line["ratio"]) + ("x" if line["ratio"] is not None else ""),
            "%s..%s" % tuple(number(edge) for edge in line["spread"]),
            ", ".join("%s %s" % (number(figure), name) for name, figure in line["floor"].items()) or "-",
            line["aim"] or "-", reached]


class Printer:
    """Prints lines as they come: JSON, or columns that are as wide as their content needs so far."""

    WIDTHS = [28, 8, 9, 24, 8, 7, 12, 30, 12, 7]
    RIGHT = {1, 4, 5}

    def __init__(self, as_json):
        self.as_json = as_json
        self.begun = False

    def _print(self, texts):
        print("  ".join(text.rjust(width) if i in self.RIGHT else text.ljust(width)
                        for i, (text, width) in enumerate(zip(texts, self.WIDTHS))).rstrip(), flush=True)

    def row(self, row):
        for line in row.lines():
            if self.as_json:
                print(json.dumps(line), flush=True)
                continue
            if not self.begun:
                self._print(HEADER)
                self.begun = True
            self._print(cells(line))
            for text in (line["absent"], line["note"]):
                if text:
                    print("    " + text, flush=True)
