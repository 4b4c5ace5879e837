"""Writes families.json: losses, gradients and logits of thin networks in Python TensorFlow.

    pip install tensorflow-cpu==2.21.0
    python test/nets/reference/make_families.py

It uses no code of Trainyard and implements the networks differently from src/nets: tf.pad before each
strided convolution, batch norm as its formula, VGG's dense layers as matrix products. Weights are
waves, in the order in which variables are created, so both sides have the same.
"""
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

BATCH, CLASSES, EPSILON = 4, 3, 1e-5


def wave(count, phase, scale):
    i = np.arange(count, dtype=np.float64)
    return (np.sin(i * i * 0.37 + phase) * scale).astype(np.float32)


class Net:
    def __init__(self, root):
        self.root, self.variables, self.training, self.l2 = root, {}, True, []

    def get(self, name, shape):
        name = f"{self.root}/{name}"
        if name not in self.variables:
            fan = int(np.prod(shape[:-1])) if len(shape) > 1 else 4
            values = wave(int(np.prod(shape)), len(self.variables) * 0.7, 1.5 / np.sqrt(fan))
            if name.endswith(("gamma", "moving_variance")):
                values = values * 0.5 + 1
            trainable = "moving" not in name
            self.variables[name] = tf.Variable(values.reshape(shape), trainable=trainable)
        return self.variables[name]

    def norm(self, x, path):
        names = ("beta", "gamma", "moving_mean", "moving_variance")
        beta, gamma, mean, variance = (self.get(f"{path}/{n}", [x.shape[3]]) for n in names)
        if self.training:
            mean, variance = tf.nn.moments(x, [0, 1, 2])
        return gamma * (x - mean) / tf.sqrt(variance + EPSILON) + beta

    def conv(self, x, path, filters, kernel, stride=1, bias=False):
        weights = self.get(f"{path}/weights", [kernel, kernel, x.shape[3], filters])
        if stride > 1:
            side = [(kernel - 1) // 2] * 2
            x = tf.pad(x, [[0, 0], side, side, [0, 0]])
        y = tf.nn.conv2d(x, weights, stride, "SAME" if stride == 1 else "VALID")
        return y + self.get(f"{path}/biases", [filters]) if bias else y

    def conv_norm(self, x, path, filters, kernel, stride=1):
        return self.norm(self.conv(x, path, filters, kernel, stride), f"{path}/BatchNorm")

    def conv_norm_relu(self, *args):
        return tf.nn.relu(self.conv_norm(*args))


def v1(net, x, unit, stem, width, units, layout="torchvision"):
    """With layout tf-slim: slim/nets/resnet_v1.py of github.com/tensorflow/models."""
    if stem == "imagenet":
        x = net.conv_norm_relu(x, "conv1", width, 7, 2)
        if layout == "torchvision":
            x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=-1e9)
        x = tf.nn.max_pool2d(x, 3, 2, "VALID" if layout == "torchvision" else "SAME")
    else:
        x = net.conv_norm_relu(x, "conv1", width, 3)
    for stage, count in enumerate(units):
        w = width * 2**stage
        for i in range(count):
            stride = 2 if stage > 0 and i == 0 else 1
            if layout == "tf-slim":
                stride = 2 if stage < len(units) - 1 and i == count - 1 else 1
            path = f"block{stage + 1}/unit_{i + 1}/{unit}_v1"
            if unit == "basic":
                y = net.conv_norm_relu(x, f"{path}/conv1", w, 3, stride)
                y = net.conv_norm(y, f"{path}/conv2", w, 3)
            else:
                y = net.conv_norm_relu(x, f"{path}/conv1", w, 1)
                y = net.conv_norm_relu(y, f"{path}/conv2", w, 3, stride)
                y = net.conv_norm(y, f"{path}/conv3", 4 * w, 1)
            x = x[:, ::stride, ::stride]
            if x.shape[3] != y.shape[3]:
                x = net.conv_norm(x, f"{path}/shortcut", y.shape[3], 1)
            x = tf.nn.relu(x + y)
    return net.conv(tf.reduce_mean(x, [1, 2], keepdims=True), "logits", CLASSES, 1, bias=True)[:, 0, 0]


def v2(net, x, unit, stem, width, units):
    if stem == "imagenet":
        x = tf.nn.max_pool2d(net.conv(x, "conv1", width, 7, 2, bias=True), 3, 2, "SAME")
    else:
        x = net.conv(x, "conv1", width, 3, bias=True)
    for stage, count in enumerate(units):
        w = width * 2**stage
        for i in range(count):
            stride = 2 if stage < len(units) - 1 and i == count - 1 else 1
            path = f"block{stage + 1}/unit_{i + 1}/{unit}_v2"
            active = tf.nn.relu(net.norm(x, f"{path}/preact"))
            if unit == "basic":
                y = net.conv_norm_relu(active, f"{path}/conv1", w, 3, stride)
                y = net.conv(y, f"{path}/conv2", w, 3, bias=True)
            else:
                y = net.conv_norm_relu(active, f"{path}/conv1", w, 1)
                y = net.conv_norm_relu(y, f"{path}/conv2", w, 3, stride)
                y = net.conv(y, f"{path}/conv3", 4 * w, 1, bias=True)
            if x.shape[3] != y.shape[3]:
                x = net.conv(active[:, ::stride, ::stride], f"{path}/shortcut", y.shape[3], 1, bias=True)
            else:
                x = x[:, ::stride, ::stride]
            x = x + y
    x = tf.nn.relu(net.norm(x, "postnorm"))
    return net.conv(tf.reduce_mean(x, [1, 2], keepdims=True), "logits", CLASSES, 1, bias=True)[:, 0, 0]


def vgg(net, x, repeats, batchNorm, dense, widths, denseWidth):
    def layer(x, path, filters, kernel):
        weights = net.get(f"{path}/weights", [kernel, kernel, x.shape[3], filters])
        net.l2.append(weights)
        bias = net.get(f"{path}/biases", [filters])
        if kernel == 7:
            return tf.reshape(x, [x.shape[0], 1, 1, -1]) @ tf.reshape(weights, [-1, filters]) + bias
        return tf.nn.conv2d(x, weights, 1, "SAME") + bias

    for group, times in enumerate(repeats, 1):
        for i in range(1, times + 1):
            path = f"conv{group}/conv{group}_{i}"
            x = layer(x, path, widths[group - 1], 3)
            x = tf.nn.relu(net.norm(x, f"{path}/BatchNorm") if batchNorm else x)
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    if dense == "gap":
        x = tf.reduce_mean(x, [1, 2], keepdims=True)
    else:
        x = tf.nn.relu(layer(x, "fc6", denseWidth, 7))
        x = tf.nn.relu(layer(x, "fc7", denseWidth, 1))
    return layer(x, "fc8", CLASSES, 1)[:, 0, 0]


def reference(name, root, build, side, options, config):
    net = Net(root)
    images = tf.constant(wave(BATCH * side * side * 3, 0.2, 1).reshape(BATCH, side, side, 3))
    labels = np.arange(BATCH) % CLASSES
    with tf.GradientTape() as tape:
        logits = build(net, images, **options)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        penalty = 5e-4 * sum(tf.nn.l2_loss(weights) for weights in net.l2) if net.l2 else 0.0
        total = loss + penalty
    trained = {name: v for name, v in net.variables.items() if v.trainable}
    gradients = tape.gradient(total, trained)
    net.training = False
    inference_logits = build(net, images, **options)
    return {
        "name": name, "side": side, "options": config, "loss": float(total),
        "logits": logits.numpy().ravel().tolist(), "inferenceLogits": inference_logits.numpy().ravel().tolist(),
        "gradientNorms": {name: float(tf.norm(gradient)) for name, gradient in gradients.items()},
    }


def resnet_case(version, unit, stem, side, units, **layout):
    shape = {"unit": unit, "stem": stem, "width": 2, "units": units, **layout}
    depth = 2 + sum(units) * (2 if unit == "basic" else 3)
    config = {"kind": "resnet", "version": version, **shape}
    build = v1 if version == 1 else v2
    name = " ".join(["resnet", f"v{version}", unit, stem, *layout.values()]) + (f" {side}" if layout else "")
    return reference(name, f"resnet_v{version}_{depth}", build, side, shape, config)


def vgg_case(depth, repeats, batch_norm, dense, side):
    thin = {"batchNorm": batch_norm, "dense": dense, "widths": [2, 2, 4, 4, 4], "denseWidth": 8}
    config = {"kind": "vgg", "depth": depth, "dropout": 0, **thin}
    name = f"vgg {depth} {dense}" + (" batch norm" if batch_norm else "")
    return reference(name, f"vgg_{depth}", vgg, side, {"repeats": repeats, **thin}, config)


cases = [
    resnet_case(1, "bottleneck", "imagenet", 64, [2, 1, 2, 1]),
    resnet_case(1, "basic", "cifar", 16, [2, 1, 2]),
    resnet_case(1, "bottleneck", "imagenet", 64, [2, 1, 2, 1], layout="tf-slim"),
    resnet_case(1, "bottleneck", "imagenet", 75, [2, 2, 1, 2], layout="tf-slim"),
    resnet_case(2, "bottleneck", "imagenet", 64, [2, 1, 2, 1]),
    resnet_case(2, "basic", "cifar", 16, [2, 2, 1]),
    vgg_case(11, [1, 1, 2, 2, 2], False, "full", 224),
    vgg_case(16, [2, 2, 3, 3, 3], True, "gap", 32),
]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "families.json"), "w") as file:
    json.dump({"tensorflow": tf.__version__, "cases": cases}, file)
    file.write("\n")
