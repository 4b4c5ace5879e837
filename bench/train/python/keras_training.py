"""A training step with the API that Keras 3 and tf_keras share; `keras` is either module."""

import platform

import numpy
import tensorflow

from batch import batch_of
from keras_networks import build


def prepare(keras, case):
    keras.mixed_precision.set_global_policy(
        {"fp32": "float32", "bf16": "mixed_bfloat16"}[case["precision"]]
    )
    model = build(keras, case)
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-7),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    images, labels = (tensorflow.constant(values) for values in batch_of(case, numpy))
    ready = {
        "parameters": sum(int(numpy.prod(each.shape)) for each in model.trainable_weights),
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tensorflow.__version__,
            "keras": keras.__version__,
        },
    }

    def step():
        model.train_on_batch(images, labels)

    step()
    return ready, step
