"""Libraries that run a network: each function returns float32 [n, side, side, 3] -> probabilities [n, classes]."""

import os


def openvino(model, precision, side, threads):
    from openvino import Core

    core = Core()
    compiled = core.compile_model(
        core.read_model(model),
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        },
    )
    request = compiled.create_infer_request()
    output = compiled.output("probabilities")
    return lambda pixels: request.infer({0: pixels})[output]


def onnxruntime(model, precision, side, threads):
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(["probabilities"], {"images": pixels})[0]


def torch(model, precision, side, threads):
    """torch.compile with frozen weights in channels_last, for single images and for batches of any other size."""
    import numpy
    import torch
    import torch._inductor.config

    from serving import MAX_BATCH
    from torch_network import OnnxNetwork

    torch.set_num_threads(threads)
    torch._inductor.config.freezing = True
    network = OnnxNetwork(model).eval().to(memory_format=torch.channels_last)
    compiled = torch.compile(network)

    def run(pixels):
        with torch.inference_mode():
            images = torch.from_numpy(pixels)
            if len(pixels) > 1:
                torch._dynamo.mark_dynamic(images, 0)
            return compiled(images).numpy()

    # batches of some sizes are compiled anew
    for n in range(1, MAX_BATCH + 1):
        run(numpy.zeros((n, side, side, 3), numpy.float32))
    return run


def keras(model, precision, side, threads):
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras as keras_
    import tensorflow

    layer = keras_.layers.TFSMLayer(model, call_endpoint="serving_default")
    function = tensorflow.function(
        lambda images: layer(images)["probabilities"],
        input_signature=[tensorflow.TensorSpec((None, side, side, 3), tensorflow.float32)],
    )
    return lambda pixels: function(pixels).numpy()
