"""Adds up what tools/test ran and prints the failures, the skips with their reasons and the totals.

usage: totals.py CHECKS TESTLOG...

CHECKS   lines of: pass, fail or skip; a name; a reason, with tabs between.
TESTLOG  BUILD=PATH, a testlog.json of Meson.

A test program that says how many cases it ran counts as so many: by cmocka's summary, by that of Python's unittest,
or by a line "N passed, N failed, N skipped". Any other counts as one. What the exit status says always holds:
a program that failed counts as one failure at least. The exit status is 1 if anything failed, or nothing ran.
"""

import json
import re
import sys

OWN = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped\s*$", re.M)
CMOCKA = re.compile(r"^\[ +(PASSED|FAILED|SKIPPED) +\] (\d+) test\(s\)", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n+(?:OK|FAILED)(?: \((.*)\))?", re.M)
SKIP_LINE = re.compile(r"^skip: (.+)$", re.M)
CMOCKA_SKIP = re.compile(r"^\[  SKIPPED \] (?!\d+ test\(s\))(\S+)", re.M)
UNITTEST_SKIP = re.compile(r"^(\S+) .*\.\.\. skipped ['\"](.*)['\"]$", re.M)


def count_cases(text):
    """(passed, failed, skipped) as the program's own words have it, or None."""
    found = OWN.findall(text)
    if found:
        return tuple(sum(int(row[i]) for row in found) for i in range(3))
    found = UNITTEST.findall(text)
    if found:
        passed = failed = skipped = 0
        for ran, words in found:
            numbers = dict(re.findall(r"(\w+)=(\d+)", words or ""))
            bad = int(numbers.get("failures", 0)) + int(numbers.get("errors", 0))
            left = int(numbers.get("skipped", 0))
            failed += bad
            skipped += left
            passed += int(ran) - bad - left
        return passed, failed, skipped
    found = CMOCKA.findall(text)
    if found:
        sums = {"PASSED": 0, "FAILED": 0, "SKIPPED": 0}
        for word, number in found:
            sums[word] += int(number)
        return sums["PASSED"], sums["FAILED"], sums["SKIPPED"]
    return None


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def skips_inside(text):
    """(case, reason) of each case that a program skipped while others ran."""
    for match in SKIP_LINE.findall(text):
        name, _, reason = match.partition(": ")
        yield name, reason or "no reason given"
    for name in dict.fromkeys(CMOCKA_SKIP.findall(text)):
        yield name, "skipped by the test itself"
    yield from UNITTEST_SKIP.findall(text)


def add_test(entry, build, sums, failures, skips):
    name = f"{build}: {entry['name']}"
    text = (entry.get("stdout") or "") + "\n" + (entry.get("stderr") or "")
    result = entry["result"]
    if result == "SKIP":
        sums["skipped"] += 1
        skips.append((name, last_line(text)))
        return
    cases = count_cases(text)
    passed, failed, skipped = cases or (0, 0, 0)
    if result in ("OK", "EXPECTEDFAIL"):
        # a program that counts failures and yet exits with 0 is itself at fault
        sums["passed"] += passed if cases else 1
        sums["failed"] += failed
        if failed:
            failures.append((name, f"exit status 0, but {failed} failed"))
    else:
        sums["passed"] += passed
        sums["failed"] += max(failed, 1)
        failures.append((name, f"{result.lower()}, exit status {entry.get('returncode')}"))
    sums["skipped"] += skipped
    skips.extend((f"{name}, {case}", reason) for case, reason in skips_inside(text))


def main(arguments):
    sums = {"passed": 0, "failed": 0, "skipped": 0}
    failures, skips = [], []
    with open(arguments[0], encoding="utf-8") as checks:
        for line in checks:
            word, name, reason = line.rstrip("\n").split("\t")
            sums[{"pass": "passed", "fail": "failed", "skip": "skipped"}[word]] += 1
            if word == "fail":
                failures.append((name, reason))
            elif word == "skip":
                skips.append((name, reason))
    for argument in arguments[1:]:
        build, _, path = argument.partition("=")
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                add_test(json.loads(line), build, sums, failures, skips)
    for title, rows in (("skipped", skips), ("failed", failures)):
        if rows:
            print(f"\n{title}:")
            for name, reason in rows:
                print(f"  {name}: {reason}")
    print()
    print(f"{sums['passed']} passed, {sums['failed']} failed, {sums['skipped']} skipped")
    return 1 if sums["failed"] or not sums["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
