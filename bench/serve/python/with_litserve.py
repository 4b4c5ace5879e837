"""LitServe, which batches what arrives while a batch runs: with_litserve.py --engine ... (see serving.py)"""

from typing import Annotated

import litserve
from fastapi import Body

import engines
from serving import MAX_BATCH, Decoder, answer, arguments

options = arguments()


class Classifier(litserve.LitAPI):
    def setup(self, device):
        engine = getattr(engines, options.engine)
        self.run = engine(options.model, options.precision, options.side, options.threads)
        self.decoder = Decoder(options.side, options.threads)

    # the body as it is; JSON would need base64
    def decode_request(self, request: Annotated[bytes, Body(media_type="image/*")]):
        return request

    def batch(self, inputs):
        return self.decoder.batch(inputs)

    def predict(self, inputs):
        return self.run(inputs)

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return answer(output)


if __name__ == "__main__":
    # without a timeout its worker spins while nothing is asked
    api = Classifier(max_batch_size=MAX_BATCH, batch_timeout=0.002)
    server = litserve.LitServer(api, accelerator="cpu", timeout=30)
    server.run(host="127.0.0.1", port=options.port, log_level="warning", generate_client_file=False)
