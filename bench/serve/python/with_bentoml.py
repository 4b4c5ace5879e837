"""BentoML with adaptive batching and Keras; the options come from the environment: bentoml serve with_bentoml:Classifier"""

import json
import os
from pathlib import Path

import bentoml

import engines
from serving import MAX_BATCH, Decoder, answer

options = json.loads(os.environ["SERVE_OPTIONS"])


@bentoml.service(workers=1, traffic={"timeout": 30}, logging={"access": {"enabled": False}})
class Classifier:
    def __init__(self):
        self.run = engines.keras(options["model"], "fp32", options["side"], options["threads"])
        self.decoder = Decoder(options["side"], options["threads"])

    @bentoml.api(batchable=True, max_batch_size=MAX_BATCH, max_latency_ms=30_000)
    def predict(self, files: list[Path]) -> list[dict]:
        pixels = self.decoder.batch([file.read_bytes() for file in files])
        return [answer(each) for each in self.run(pixels)]
