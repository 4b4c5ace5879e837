"""The subject's side of the protocol that bench/subject-protocol.ts documents."""

import json
import os
import resource
import sys
import time


def run_subject(prepare):
    """Serves requests until the end. `prepare(case)` runs a first step and returns (ready, step), or
    (ready, step, before), where `before` is called before each step and does not count."""
    # libraries may print to stdout, so the answers get their own descriptor
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    step, before = None, None
    for line in sys.stdin:
        request = json.loads(line)
        if "prepare" in request:
            ready, step, before = (*prepare(request["prepare"]), None)[:3]
            answer({"ready": ready})
        elif "steps" in request:
            answer({"ms": [timed(step, before) for _ in range(request["steps"])]})
        else:
            answer({"peakRssMb": peak_rss_mb()})
            break


def timed(step, before):
    if before:
        before()
    since = time.perf_counter()
    step()
    return (time.perf_counter() - since) * 1000


def peak_rss_mb():
    """Peak resident memory in MiB. On Linux from /proc, because getrusage inherits the parent's peak."""
    if sys.platform == "linux":
        with open("/proc/self/status") as status:
            own = next(line for line in status if line.startswith("VmHWM:"))
        return int(own.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024
