"""A subject's side of the conversation: bench/conversation.ts says what the lines mean."""

import json
import os
import resource
import sys
import time


def converse(prepare):
    """`prepare(case)` gives (what the subject says of itself, a function that trains one step)."""
    # libraries print what they like; only answers may go where the bench reads
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    step = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "prepare" in asked:
            ready, step = prepare(asked["prepare"])
            step()
            answer({"ready": ready})
        elif "steps" in asked:
            answer({"ms": [timed(step) for _ in range(asked["steps"])]})
        else:
            answer({"peakRssMb": peak_rss_mb()})
            break


def timed(step):
    since = time.perf_counter()
    step()
    return (time.perf_counter() - since) * 1000


def peak_rss_mb():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024


def batch_of(case, numpy):
    """One batch of noise, which stays in memory: images [n, h, w, 3] and labels [n]."""
    random = numpy.random.default_rng(0)
    size = case["size"]
    images = random.uniform(-1, 1, (case["batch"], size, size, 3)).astype("float32")
    labels = numpy.arange(case["batch"]) % case["classes"]
    return images, labels
