"""Triton with its dynamic batcher and onnxruntime: with_pytriton.py --model ... (see serving.py)"""

import numpy
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

import engines
from serving import MAX_BATCH, Decoder, arguments
from pytriton.decorators import batch

options = arguments()
run = engines.onnxruntime(options.model, options.precision, options.side, options.threads)
decoder = Decoder(options.side, options.threads)


@batch
def predict(file):
    return {"probabilities": run(decoder.batch([each[0] for each in file]))}


config = TritonConfig(http_port=options.port, http_address="127.0.0.1", allow_grpc=False, allow_metrics=False)
with Triton(config=config) as triton:
    triton.bind(
        model_name="network",
        infer_func=predict,
        inputs=[Tensor(name="file", dtype=bytes, shape=(1,))],
        outputs=[Tensor(name="probabilities", dtype=numpy.float32, shape=(-1,))],
        # it batches what waits; a delay would only make single clients wait
        config=ModelConfig(max_batch_size=MAX_BATCH, batcher=DynamicBatcher(max_queue_delay_microseconds=0)),
    )
    triton.serve()
