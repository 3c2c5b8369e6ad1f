#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# look.py PAGE FOLDER - looks at a page in a real browser, without a screen, as a reader would:
# with a keyboard, in light and in dark, on a phone and on a wide screen. Prints what was seen
# as one JSON object, and leaves the screenshots in FOLDER. The browser is spoken to over two
# pipes, in its DevTools protocol.
"""See above."""

import base64
import json
import os
import shutil
import subprocess
import sys
import zlib

BROWSERS = ("chromium-headless-shell", "chromium")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
           "--disable-background-networking", "--disable-component-update",
           "--remote-debugging-pipe")


class Browser:
    """A browser with one tab."""

    def __init__(self, folder):
        program = next(filter(None, map(shutil.which, BROWSERS)))
        to_read, self.out = os.pipe()
        self.input, to_write = os.pipe()
        # It reads from descriptor 3 and writes to 4.
        def place():
            os.dup2(to_read, 63)
            os.dup2(to_write, 64)
            os.dup2(63, 3)
            os.dup2(64, 4)
        self.process = subprocess.Popen(
            [program, *OPTIONS, f"--user-data-dir={folder}/profile", "about:blank"],
            preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL,
            stderr=open(f"{folder}/browser.log", "wb"))
        os.close(to_read)
        os.close(to_write)
        self.rest, self.number, self.events, self.session = b"", 0, [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.ask(f"{domain}.enable")

    def next(self):
        """The next message."""
        while b"\0" not in self.rest:
            more = os.read(self.input, 1 << 20)
            if not more:
                raise SystemExit("look.py: the browser is gone; see browser.log")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **params):
        """Have something done, and return what came of it."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.next()
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise SystemExit(f"look.py: {method}: {answer['error']}")
            else:
                return answer["result"]

    def wait(self, method):
        """Wait for an event."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.next())

    def eval(self, script):
        """What a script says; it is not part of the page, nor held by its policy."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"look.py: {script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def key(self, name, text=""):
        """Press a key."""
        code = {"Tab": 9, "Enter": 13}[name]
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=name, code=name, text=text,
                     windowsVirtualKeyCode=code)

    def size(self, width, height):
        """As wide and high as that."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)

    def close(self):
        """End it."""
        self.session = None
        self.ask("Browser.close")
        self.process.wait(20)


def pixels(png):
    """The distinct colors of a PNG, and its mean brightness."""
    at, packed = 8, b""
    while at < len(png):
        size, kind = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
        body = png[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, each = body[0:4], body[4:8], {2: 3, 6: 4}[body[9]]
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    width, height = int.from_bytes(width, "big"), int.from_bytes(height, "big")
    raw, above = zlib.decompress(packed), bytes(width * each)
    colors, total = set(), 0
    for y in range(height):
        start = y * (width * each + 1)
        line = unfilter(raw[start], bytearray(raw[start + 1:start + 1 + width * each]), above, each)
        total += sum(line[1::each])
        colors.update(bytes(line[i:i + 3]) for i in range(0, len(line), each))
        above = line
    return {"colors": len(colors), "brightness": total // (width * height)}


def unfilter(kind, line, above, each):
    """One line of a PNG, as it was before it was filtered."""
    for i in range(len(line) if kind else 0):
        left = line[i - each] if i >= each else 0
        corner = above[i - each] if i >= each else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[i]
        elif kind == 3:
            guess = (left + above[i]) // 2
        else:
            guess = min((abs(above[i] - corner), 0, left), (abs(left - corner), 1, above[i]),
                        (abs(left + above[i] - 2 * corner), 2, corner))[2]
        line[i] = (line[i] + guess) & 255
    return line


FOCUSED = """(() => { const e = document.activeElement;
    return e === document.body ? null : {what: e.tagName.toLowerCase(),
        name: e.getAttribute('aria-label') || e.textContent.slice(0, 40),
        seen: getComputedStyle(e).outlineStyle !== 'none'}; })()"""


def tab_through(browser):
    """What the tab key comes by, until it leaves the page."""
    stops = []
    while len(stops) < 100:
        browser.key("Tab")
        stop = browser.eval(FOCUSED)
        if not stop:
            break
        stops.append(stop)
        if stop["what"] == "summary":
            browser.key("Enter", "\r")
    return stops


def screenshot(browser, scheme, path):
    """Of the top of the page."""
    browser.ask("Emulation.setEmulatedMedia",
                features=[{"name": "prefers-color-scheme", "value": scheme}])
    png = base64.b64decode(browser.ask("Page.captureScreenshot", format="png")["data"])
    with open(path, "wb") as out:
        out.write(png)
    return pixels(png)


def look(page, folder):
    """All there is to see."""
    browser = Browser(folder)
    seen = {}
    browser.size(1280, 900)
    browser.ask("Page.navigate", url="file://" + os.path.abspath(page))
    browser.wait("Page.loadEventFired")
    seen["title"] = browser.eval("document.title")
    seen["data"] = browser.eval("[...document.querySelectorAll('data')].map(e => "
                                "[e.dataset.json, e.value, e.textContent])")
    seen["text"] = browser.eval("document.body.textContent")
    seen["scripts"] = browser.eval("document.scripts.length")
    seen["ran"] = browser.eval("typeof ran")
    seen["images"] = [
        node["name"]["value"] for node in browser.ask("Accessibility.getFullAXTree")["nodes"]
        if not node["ignored"] and node["role"]["value"] in ("image", "img")]
    seen["stops"] = tab_through(browser)
    seen["open"] = browser.eval("[...document.querySelectorAll('details')].map(e => e.open)")
    seen["policy"] = browser.eval("document.getElementById('policy')?.textContent || ''")
    seen["too_wide"] = []
    for width in (320, 390, 768, 1280, 2560):
        browser.size(width, 900)
        if browser.eval("document.documentElement.scrollWidth") > width:
            seen["too_wide"].append(width)
    browser.size(390, 300)
    browser.eval("scrollTo(0, 0)")
    for scheme in ("light", "dark"):
        seen[scheme] = screenshot(browser, scheme, f"{folder}/{scheme}.png")
    seen["asked_for"] = [
        event["params"]["request"]["url"] for event in browser.events
        if event.get("method") == "Network.requestWillBeSent"]
    seen["complaints"] = [
        event["params"] for event in browser.events
        if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown",
                                   "Runtime.consoleAPICalled")]
    browser.close()
    return seen


print(json.dumps(look(sys.argv[1], sys.argv[2])))
