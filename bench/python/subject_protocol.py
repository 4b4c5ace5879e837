"""A subject's side of the conversation: bench/subject-protocol.ts says what the lines mean."""

import json
import os
import resource
import sys
import time


def run_subject(prepare):
    """`prepare(case)` does a first step; it gives (what the subject says of itself, a step)."""
    # libraries print what they like; only answers may go where the bench reads
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    step = None
    for line in sys.stdin:
        request = json.loads(line)
        if "prepare" in request:
            ready, step = prepare(request["prepare"])
            answer({"ready": ready})
        elif "steps" in request:
            answer({"ms": [timed(step) for _ in range(request["steps"])]})
        else:
            answer({"peakRssMb": peak_rss_mb()})
            break


def timed(step):
    since = time.perf_counter()
    step()
    return (time.perf_counter() - since) * 1000


def peak_rss_mb():
    """Linux carries getrusage's peak over from whoever forked, so there the process's own is read."""
    if sys.platform == "linux":
        with open("/proc/self/status") as status:
            own = next(line for line in status if line.startswith("VmHWM:"))
        return int(own.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024
