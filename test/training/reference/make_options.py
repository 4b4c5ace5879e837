"""Writes options.json: a few training steps of the thin plain network under each training option.

    pip install tensorflow-cpu==2.21.0
    python make_options.py

The network and its initial weights are those of make_reference.py. Optimizers, label smoothing,
gradient clipping and moving averages are those of Keras and TensorFlow.
"""
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras
import tensorflow as tf

from make_reference import BATCH, CLASSES, HERE, Net, read_images

MODEL = {"kind": "resnet", "block": "plain", "blocks": 2, "filters": 8, "kernel": 3, "ratio": 4}


def train(images, labels, optimizer, steps=5, batches=1, smoothing=0.0, change=lambda gradients, weights: gradients, decay=None,
          class_weights=None, l2=0.0):
    net, losses, first = Net(MODEL), [], 0
    weighted_losses, penalties = [], []
    net(images[:BATCH])
    for name, value in net.variables.items():
        if name.endswith("moving_mean"):
            value.assign(tf.zeros_like(value))
        if name.endswith("moving_variance"):
            value.assign(tf.ones_like(value))
    names = net.trainable
    weights = [net.variables[name] for name in names]
    optimizer.exclude_from_weight_decay(var_list=[weight for weight in weights if len(weight.shape) == 1])
    # num_updates: the number of steps before this one
    count = tf.Variable(0.0)
    average = tf.train.ExponentialMovingAverage(decay or 0.0, num_updates=count)
    average.apply(weights)
    measure = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    for step in range(1, steps + 1):
        sums, mean_loss = [tf.zeros_like(weight) for weight in weights], 0.0
        for _ in range(batches):
            x, y = images[first : first + BATCH], tf.one_hot(labels[first : first + BATCH], CLASSES)
            first += BATCH
            # as Keras's class_weight
            sample_weight = None if class_weights is None else tf.linalg.matvec(y, class_weights)
            with tf.GradientTape() as tape:
                logits = net(x)
                loss = measure(y, logits, sample_weight=sample_weight)
            mean_loss += float(measure(y, logits)) / batches
            if class_weights is not None:
                weighted_losses.append(float(loss))
            sums = [total + gradient / batches for total, gradient in zip(sums, tape.gradient(loss, weights))]
        losses.append(mean_loss)
        if l2:
            penalties.append(l2 * sum(float(tf.nn.l2_loss(weight)) for weight in weights if len(weight.shape) > 1))
        optimizer.apply_gradients(zip(change(sums, weights), weights))
        if decay:
            count.assign(step - 1)
            average.apply(weights)
    if decay:
        for weight in weights:
            weight.assign(average.average(weight))
    net.training = False
    validation = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, net(images)))
    return {
        "losses": losses,
        **({"weightedLosses": weighted_losses} if weighted_losses else {}),
        **({"l2Penalties": penalties} if penalties else {}),
        "validationLoss": float(validation),
    }


def decayed(share):
    return lambda gradients, weights: [
        gradient + share * weight if len(weight.shape) > 1 else gradient
        for gradient, weight in zip(gradients, weights)
    ]


images, labels = read_images(os.path.join(HERE, "images.tfrecord"))
optimizers = keras.optimizers
betas = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
adam = {"kind": "adam", **betas, "weightDecay": 0}


def case(what, rate, plan, optimizer, **more):
    plan = {"learningRate": {"schedule": "constant", "peak": rate, "warmupSteps": 0}, **plan}
    return {"what": what, "plan": plan, **train(images, labels, optimizer, **more)}


cases = [
    case("plain gradient descent", 0.05,
         {"optimizer": {"kind": "sgd", "momentum": 0, "nesterov": False, "weightDecay": 0}},
         optimizers.SGD(0.05)),
    case("momentum", 0.05,
         {"optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": False, "weightDecay": 0}},
         optimizers.SGD(0.05, momentum=0.9)),
    case("Nesterov momentum and weight decay", 0.05,
         {"optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": True, "weightDecay": 0.1}},
         optimizers.SGD(0.05, momentum=0.9, nesterov=True), change=decayed(0.1)),
    case("Adam and weight decay", 0.01,
         {"optimizer": {**adam, "weightDecay": 0.1}}, optimizers.Adam(0.01), change=decayed(0.1)),
    case("AdamW", 0.01, {"optimizer": {"kind": "adamw", **betas, "weightDecay": 2}}, optimizers.AdamW(0.01, weight_decay=2.0)),
    case("RMSProp with momentum", 0.003,
         {"optimizer": {"kind": "rmsprop", "decay": 0.9, "momentum": 0.5, "epsilon": 1e-7, "weightDecay": 0}},
         optimizers.RMSprop(0.003, rho=0.9, momentum=0.5)),
    case("label smoothing", 0.01, {"optimizer": adam, "labelSmoothing": 0.2},
         optimizers.Adam(0.01), smoothing=0.2),
    case("class weights", 0.01, {"optimizer": adam, "classWeights": {"0": 0.5, "1": 3, "2": 1, "3": 0}},
         optimizers.Adam(0.01), class_weights=[0.5, 3.0, 1.0, 0.0]),
    case("class weights and label smoothing", 0.01,
         {"optimizer": adam, "labelSmoothing": 0.2, "classWeights": {"0": 0.5, "1": 3, "2": 1, "3": 0}},
         optimizers.Adam(0.01), smoothing=0.2, class_weights=[0.5, 3.0, 1.0, 0.0]),
    case("an L2 penalty", 0.05,
         {"optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": False, "weightDecay": 0}, "l2": 0.1},
         optimizers.SGD(0.05, momentum=0.9), change=decayed(0.1), l2=0.1),
    case("gradients clipped by norm", 0.5,
         {"optimizer": {"kind": "sgd", "momentum": 0, "nesterov": False, "weightDecay": 0}, "clipGradients": {"norm": 0.3}},
         optimizers.SGD(0.5), change=lambda gradients, _: tf.clip_by_global_norm(gradients, 0.3)[0]),
    case("gradients clipped by value", 0.5,
         {"optimizer": {"kind": "sgd", "momentum": 0, "nesterov": False, "weightDecay": 0}, "clipGradients": {"value": 0.02}},
         optimizers.SGD(0.5, clipvalue=0.02)),
    case("two batches a step", 0.01, {"optimizer": adam, "accumulateSteps": 2, "steps": 2, "validateEvery": 2},
         optimizers.Adam(0.01), steps=2, batches=2),
    case("averaged weights", 0.01, {"optimizer": adam, "ema": {"decay": 0.25}}, optimizers.Adam(0.01), decay=0.25),
]
with open(os.path.join(HERE, "options.json"), "w") as file:
    json.dump({"tensorflow": tf.__version__, "keras": keras.__version__, "cases": cases}, file, indent=2)
    file.write("\n")
