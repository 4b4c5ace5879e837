"""OpenVINO alone, without a server: a step decodes a batch of files and runs it."""

import sys
import time
from pathlib import Path

import engines
from serving import Decoder, versions
from subject_protocol import run_subject


def prepare(case):
    run = engines.openvino(case["model"], case["precision"], case["side"], case["threads"])
    decoder = Decoder(case["side"], case["threads"])
    files = [Path(path).read_bytes() for path in case["files"]]
    position = 0

    def step():
        nonlocal position
        batch = [files[(position + i) % len(files)] for i in range(case["batch"])]
        position += case["batch"]
        run(decoder.batch(batch))

    step()
    return {"versions": versions("openvino", "Pillow", "numpy")}, step


run_subject(prepare)
