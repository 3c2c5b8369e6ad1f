#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# page.py PAGE JSON - compares what a page of fsdax-ctl --html says with what --json printed:
# each number, exactly and as it is shown, and that no list of them is left out. PAGE is the
# HTML, or what tests/browser/look.py saw of it (*.json). Also looks for what must not be in a
# page, and for colors that are hard to tell apart. Prints what is wrong, and at the end the
# number of numbers.
"""See above."""

import html.parser
import json
import re
import sys

COUNTS = ("files", "bytes", "chunks", "descriptors", "page_cache")
VOID = {"meta", "br", "link", "img", "input", "hr"}
SHOWN = 12  # trees
wrong = []


class Page(html.parser.HTMLParser):
    """What is in a page, and whether its elements are closed in order."""

    def __init__(self):
        super().__init__()
        self.data, self.open, self.ids, self.refs, self.inside = [], [], [], [], None

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if tag in ("script", "link", "img", "iframe", "object", "embed", "base", "form", "a"):
            wrong.append(f"there is a <{tag}>")
        for name in names:
            if name.startswith("on") or name in ("src", "href", "srcset", "action"):
                wrong.append(f"<{tag}> has {name}")
        if len(names) < len(attrs):
            wrong.append(f"<{tag}> has an attribute twice")
        if "id" in names:
            self.ids.append(names["id"])
        self.refs += (names.get("aria-labelledby", "") + " " +
                      names.get("aria-describedby", "")).split()
        if tag not in VOID:
            self.open.append(tag)
        if tag == "data":
            self.inside = [names["data-json"], names["value"], ""]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            wrong.append(f"</{tag}> closes another one")
        if tag == "data":
            self.data.append(self.inside)
            self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.inside[2] += data


def size_text(size):
    """As fsdax-ctl writes a size."""
    value, unit = float(size), 0
    while value >= 1023.5 and unit < 6:
        value, unit = value / 1024, unit + 1
    digits = 0 if not unit or value >= 99.95 else 1 if value >= 9.995 else 2
    text = f"{value:.{digits}f}"
    if digits:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB')[unit]}"


def member(value, path):
    """What lies at a path of members and positions; all.X is what yes and no have of it."""
    if path.startswith("all."):
        return member(value, "yes" + path[3:]) + member(value, "no" + path[3:])
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def wanted(facts, key):
    """What the page must say by that key: see cli/html.h."""
    if key.startswith("|"):
        return abs(wanted(facts, key[1:]))
    if key.endswith("*"):
        return wanted(facts, key[:-1]) * facts["chunk_size"]
    if ":" not in key:
        return member(facts, key)
    name, first, end, path = key.split(":")
    if name == "histogram":
        part = [x for x in facts[name] if int(first) <= x["from"] < int(end)]
    else:
        part = facts[name][int(first):int(end)]
    return sum(member(x, path) for x in part)


def check_number(facts, key, value, text):
    """One number."""
    try:
        want = wanted(facts, key)
    except (KeyError, IndexError, TypeError) as err:
        wrong.append(f"{key} is not in the JSON: {err!r}")
        return
    if int(value) != want:
        wrong.append(f"{key} is {want}, and the page has {value}")
    if text not in (f"{want:,}", size_text(want)):
        wrong.append(f"{key} is {want}, and the page shows {text}")


def expect(facts):
    """The keys that a page must have."""
    keys = {"break_even", "chunk_size"}
    lists = ("decided_by", "thresholds") if "decided_by" in facts else ("thresholds", "fixed")
    for name in lists:
        keys |= {f"{name}.{i}.{k}" for i in range(len(facts[name])) for k in COUNTS}
    if "decided_by" in facts:
        keys |= {f"guest_memory.{k}" for k in ("policy", "dax_for_all", "dax_for_none")}
        keys |= {"files", "folders", "yes.bytes"}
    else:
        keys |= {"window", "usable_chunks", "window_descriptors"}
    for i in range(min(len(facts["trees"]), SHOWN)):
        keys |= {f"trees:{i}:{i + 1}:{k}"
                 for k in ("yes.chunks", "yes.files", "no.files", "all.bytes")}
    return keys


def check_histogram(facts, data):
    """That the rows of the chart's table are all files, each once."""
    for dax in ("yes", "no"):
        rows = [(key, int(value)) for key, value, _ in data
                if key.startswith("histogram:") and key.endswith(f":{dax}.files")]
        ends = [key.split(":")[1:3] for key, _ in rows]
        if ends[0][0] != "0" or any(a[1] != b[0] for a, b in zip(ends, ends[1:])):
            wrong.append("the sizes in the table leave some out")
        if sum(value for _, value in rows) != facts[dax]["files"]:
            wrong.append(f"the sizes in the table are not all files with {dax}")


def channel(value):
    """Of a color, as the contrast of WCAG wants it."""
    value /= 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def luminance(color):
    """Of #rgb or #rrggbb."""
    digits = color[1:] if len(color) == 7 else "".join(c + c for c in color[1:])
    red, green, blue = (channel(int(digits[i:i + 2], 16)) for i in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def check_contrast(text):
    """Of text 4.5 to 1, of shapes 3 to 1, in light and in dark."""
    schemes = re.findall(r":root\{([^}]*)\}", text)
    if len(schemes) != 2:
        wrong.append("there are not two schemes of colors")
    for scheme in schemes:
        colors = dict(re.findall(r"--(\w+):(#[0-9a-f]+)", scheme))
        for name, least in (("fg", 4.5), ("soft", 4.5), ("yes", 4.5), ("mark", 4.5),
                            ("window", 4.5), ("no", 3)):
            for ground in ("card", "bg") if name in ("fg", "soft") else ("card",):
                light, dark = sorted((luminance(colors[name]), luminance(colors[ground])))[::-1]
                if (light + 0.05) / (dark + 0.05) < least:
                    wrong.append(f"{name} on {ground}: a contrast of "
                                 f"{(light + 0.05) / (dark + 0.05):.2f}")


def read_page(path):
    """The numbers of a page, and what else can be seen in its text."""
    with open(path, encoding="utf-8", errors="strict") as file:
        text = file.read()
    page = Page()
    page.feed(text)
    page.close()
    if page.open:
        wrong.append(f"not closed: {page.open}")
    if len(set(page.ids)) < len(page.ids) or not set(page.refs) <= set(page.ids):
        wrong.append("ids are not what they should be")
    if "default-src 'none'; style-src 'unsafe-inline'" not in text:
        wrong.append("there is no policy against requests")
    if re.search(r"url\(|@import|https?:", text):
        wrong.append("something is elsewhere")
    check_contrast(text)
    return page.data


def main(page, facts):
    """See above."""
    if page.endswith(".json"):
        with open(page, encoding="utf-8") as file:
            data = json.load(file)["data"]
    else:
        data = read_page(page)
    with open(facts, encoding="utf-8") as file:
        facts = json.load(file)
    for key, value, text in data:
        check_number(facts, key, value, text)
    shown = {key.rstrip("*") for key, _, _ in data}
    wrong.extend(f"{key} is not on the page" for key in sorted(expect(facts) - shown))
    check_histogram(facts, data)
    print("\n".join(wrong[:20]) if wrong else f"{len(data)} numbers are right")
    sys.exit(bool(wrong))


main(*sys.argv[1:3])
