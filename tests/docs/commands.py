#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
commands.py SOURCE CASES - run every command that the documentation shows, in a place that
test-commands.sh has prepared, and print TAP.

A command is a line in a block marked ```sh, one behind "$ " in a block without a mark (what
follows it there is its output, whose shape is compared: all but numbers), and in manuals what
stands in a block that is no policy and no message, or alone, indented and bold. Commands of one page run in
their order. CASES names those that can't be run here, and why, and those that end otherwise
than with 0. A command that is only mentioned in a sentence must exist, with its options; so
must the file that a link leads to.
"""
import glob
import os
import re
import signal
import subprocess
import sys
import time

SOURCE, CASES = sys.argv[1:]
# What else CONTRIBUTING.md and the like show is run by who works on fsdax, and listed, too.
PAGES = sorted(
    path for pattern in ("*.md", "docs/*.md", "bench/*.md", "bindings/*/*.md", "man/*.scd*")
    for path in glob.glob(os.path.join(SOURCE, pattern)))
HOME = "/run/home"  # where commands are run
# Lines of `status --watch` that only a guest with a window has; daemon-watch looks at these.
OF_A_WINDOW = {"window", "decided", "pending"}
TIMEOUT = 60  # of one command, in seconds; they take milliseconds
failed = count = 0


def report(good, name, *notes):
    global failed, count
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}")
    if not good:
        for note in notes:
            print("\n".join(f"#   {line}" for line in str(note).rstrip().split("\n")))
    sys.stdout.flush()


# ---- What the pages show ---------------------------------------------------------------------

class Command:
    def __init__(self, page, line, text, output=None):
        self.page, self.line, self.text, self.output = page, line, text, output
        first = re.sub(r"\s+# .*$", "", text.split("\n")[0])
        self.key = page + ": " + first.rstrip(" \\")

    def __str__(self):
        return f"{self.page}:{self.line}: {self.key.split(': ', 1)[1]}"


def whole(text):
    """Whether a shell would not ask for more lines."""
    here = re.search(r"<<-?\s*['\"]?(\w+)", text)
    if here and here[1] not in [line.strip() for line in text.split("\n")[1:]]:
        return False
    if re.search(r"\\$", text):
        return False
    return subprocess.run(["bash", "-n"], input=text, text=True, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def split(page, start, lines):
    """The commands of a block of nothing else."""
    text, first = "", 0
    for number, line in enumerate(lines, start):
        if not text:
            if not line.strip() or line.startswith("#"):
                continue
            text, first = line, number
        else:
            text += "\n" + line
        if whole(text):
            yield Command(page, first, text)
            text = ""
    if text:
        yield Command(page, first, text)


def transcript(page, start, lines):
    """The commands behind "$ ", each with its output."""
    command = None
    for number, line in enumerate(lines, start):
        if command and not command.output and not whole(command.text):
            command = Command(page, command.line, command.text + "\n" + line, [])
        elif line.startswith("$ "):
            if command:
                yield command
            command = Command(page, number, line[2:], [])
        elif command:
            command.output.append(line)
    if command:
        yield command


def blocks(text):
    """(mark, line, lines) of each block between ```."""
    mark = None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            if mark is None:
                mark, start, lines = line[3:].strip(), number + 1, []
            else:
                yield mark, start, lines
                mark = None
        elif mark is not None:
            lines.append(line)


def markdown(page, text):
    for mark, start, lines in blocks(text):
        if mark == "sh":
            yield from split(page, start, lines)
        elif not mark:
            yield from transcript(page, start, lines)


def manual(page, text):
    plain = re.sub(r"\\(.)", r"\1", text)  # as scdoc has it
    if not page.startswith("man/libfsdax"):  # whose blocks are C
        for _, start, lines in blocks(plain):
            if not re.match(r"\[|\S+:\d+:\d+: ", lines[0]):  # a policy, or a message
                yield from split(page, start, lines)
    for number, line in enumerate(text.split("\n"), 1):
        alone = re.fullmatch(r"\t\*((?:[^*\\]|\\.)+)\*", line)
        if alone:
            yield from split(page, number, [re.sub(r"\\(.)", r"\1", alone[1])])


# ---- What can't be run -----------------------------------------------------------------------

def read_cases():
    """{key: (how, reason)}; how is no, daemon, mapped, watch or the exit status."""
    cases, how = {}, None
    with open(CASES, encoding="utf-8") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("== "):
                how = tuple(re.fullmatch(r"== (\w+): (.+)", line).groups())
            elif line and not line.startswith("#"):
                cases[line] = how
    return cases


# ---- Running ---------------------------------------------------------------------------------

def run(command):
    """Exit status and output. Not by a pipe, which a daemon left behind would keep open."""
    with open("/run/docs-output", "w+b") as output:
        process = subprocess.Popen(["bash", "-c", command.text], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT, cwd=HOME,
                                   start_new_session=True)
        try:
            status = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            status = "timeout"
        output.seek(0)
        return status, output.read().decode("utf-8", "surrogateescape")


def end(process):
    os.killpg(process.pid, signal.SIGINT)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return "timeout"


def start(command):
    """A program that runs until it is ended, and the file that it writes to."""
    output = open("/run/docs-background", "w+b")
    text = command.text.replace("...", "--shared-dir=/srv/share --socket-path=/run/more.sock")
    return subprocess.Popen(["bash", "-c", "exec " + text], stdin=subprocess.DEVNULL, stdout=output,
                            stderr=subprocess.STDOUT, cwd=HOME, start_new_session=True), output


def said(output):
    output.seek(0)
    return output.read().decode("utf-8", "surrogateescape")


def background(command, wanted):
    """Runs until `wanted`() holds, then is ended. What it said, or why it failed."""
    process, output = start(command)
    with output:
        until = time.monotonic() + 20
        while process.poll() is None and not wanted(said(output)):
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        good = process.poll() is None and wanted(said(output))
        status = end(process)
        return good, status, said(output)


def shape(line):
    """A line without its numbers."""
    line = re.sub(r"\d[\d,.]*", "#", line)
    line = re.sub(r"# ?([KMGT]i)?B\b", "#", line)
    return re.sub(r"[ \t]+", " ", line).strip()


def missing(wanted, got):
    """The lines that are shown, but that have no like in what was printed; "..." is any."""
    shapes = {shape(line) for line in got.split("\n")}
    return [line for line in wanted if line.strip() not in ("", "...") and shape(line) not in shapes]


def fails(command, words):
    """Whether it ends with 1 and says these words, and what it said."""
    process, output = start(command)
    with output:
        status = process.wait(20)
        return status == 1 and words in said(output), status, said(output)


def can_map():
    return subprocess.run(["unshare", "-U", "true"], capture_output=True, check=False).returncode == 0


def try_one(command, how):
    if how == "mapped" and not can_map():
        good, status, output = fails(command, "a user namespace can't be made")
        report(good, command, f"exit status {status}; it said:", output)
        return
    if how in ("daemon", "mapped"):
        good, status, output = background(
            command, lambda said: "listening" in said or "waiting for a front-end" in said)
        report(good and status == 0, command, f"exit status {status}; it said:", output)
        return
    if how == "watch":
        words = {line.split()[0] for line in command.output if line.startswith(("/", "  "))}
        good, status, output = background(
            command, lambda said: words - OF_A_WINDOW <= set(said.split()))
        report(words and good and status in (0, 130, -signal.SIGINT), command,
               f"exit status {status}; it said:", output, "and is to have:", *words)
        return
    status, output = run(command)
    wanted = int(how or 0)
    lacks = missing(command.output or [], output)
    report(status == wanted and not lacks, command,
           f"exit status {status}, wanted {wanted}; it said:", output,
           *(["which lacks:"] + lacks if lacks else []))



# ---- What is mentioned -----------------------------------------------------------------------

def helped(*words):
    return subprocess.run([*words, "--help"], capture_output=True, text=True, check=False).stdout


def mentions(text):
    """Code within sentences."""
    prose = re.sub(r"(?ms)^```.*?^```$", "", text)
    return re.findall(r"`([^`\n]+)`", prose), re.findall(r"\]\(([^)\s]+)\)", prose)


def unknown_words(span):
    """What a mentioned command has that there is not."""
    words = span.split()
    name, rest = words[0], words[1:]
    if name == "make":
        with open(os.path.join(SOURCE, "Makefile"), encoding="utf-8") as lines:
            targets = re.findall(r"(?m)^([a-z]+):", lines.read())
        return [word for word in rest if re.fullmatch(r"[a-z]+", word)
                and word not in targets and word != "make"]
    if re.match(r"(scripts|tests|examples|docs|bench|man)/[^*]*$", name):
        return [] if os.path.exists(os.path.join(SOURCE, name)) or "NAME" in name else [name]
    if name not in ("fsdax-ctl", "fsdaxd", "fsdax-probe"):
        return []
    if name == "fsdax-ctl" and rest and re.fullmatch(r"[a-z]+", rest[0]):
        text = helped(name, rest[0])
        if f"fsdax-ctl {rest[0]}" not in text:
            return [rest[0]]
    else:
        text = helped(name)
    text += helped(name)
    return [option for option in re.findall(r"(?<!\S)--[a-z0-9-]+", span)
            if not re.search(re.escape(option) + r"(?![a-z0-9-])", text)]


def check_mentions(page, text):
    spans, links = mentions(text)
    wrong = [f"`{span}`: there is no {', '.join(words)}"
             for span in spans for words in [unknown_words(span)] if words]
    here = os.path.dirname(os.path.join(SOURCE, page))
    wrong += [f"{link}: nothing is there" for link in links
              if not re.match(r"[a-z]+:|#", link)
              and not os.path.exists(os.path.join(here, link.split("#")[0]))]
    report(not wrong, f"{page}: what is mentioned exists", *wrong)


# ---- All -------------------------------------------------------------------------------------

def main():
    cases, used = read_cases(), set()
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "place.sh")
    total = 0
    for path in PAGES:
        page = os.path.relpath(path, SOURCE)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        commands = list((manual if "/" in page and page.startswith("man/") else markdown)(page, text))
        used |= {command.key for command in commands}
        commands = [command for command in commands if cases.get(command.key, ("",))[0] != "no"]
        if commands:
            subprocess.run(["bash", place, "begin", SOURCE], check=True)
            for command in commands:
                try_one(command, cases.get(command.key, ("",))[0])
            subprocess.run(["bash", place, "end"], check=True)
        total += len(commands)
        if page.endswith(".md"):
            check_mentions(page, text)
    gone = [key for key in cases if key not in used]
    report(not gone, "what the list has is still in the documentation", *gone)
    report(total > 0, f"{total} commands were run, {len(cases)} have a line in the list")
    print(f"1..{count}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
