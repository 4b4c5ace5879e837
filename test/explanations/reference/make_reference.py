"""Writes explanations.json: Grad-CAM and integrated gradients of a small network in Python TensorFlow.

    pip install tensorflow-cpu==2.18.0
    python test/explanations/reference/make_reference.py

It uses no code of Trainyard: the network is written down again, gradients are those of tf.GradientTape, and
the maps are resized by tf.image.resize. Weights are waves, in the order of the variables of the served network,
in which batch norms that follow a convolution are part of it.
"""
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

SIDE, CLASSES, FILTERS, STEPS = 6, 3, 4, 20
MEAN, STD = np.float32([100, 110, 120]), np.float32([50, 60, 70])


def wave(count, phase, scale):
    i = np.arange(count, dtype=np.float64)
    return (np.sin(i * i * 0.37 + phase) * scale).astype(np.float32)


shapes = [
    [3, 3, 3, FILTERS], [FILTERS],  # conv_0
    [FILTERS], [FILTERS], [FILTERS], [FILTERS],  # beta, gamma, mean and variance before conv1
    [3, 3, FILTERS, FILTERS], [FILTERS],  # conv1
    [3, 3, FILTERS, FILTERS],  # conv2
    [3, 3, FILTERS, CLASSES], [CLASSES],  # conv_top
]
weights = []
for number, shape in enumerate(shapes):
    fan = int(np.prod(shape[:-1])) if len(shape) > 1 else 4
    values = wave(int(np.prod(shape)), number * 0.7, 1.5 / np.sqrt(fan))
    if number in (3, 5):
        values = values * 0.5 + 1
    weights.append(tf.constant(values.reshape(shape)))


def conv(x, filters):
    return tf.nn.conv2d(x, filters, 1, "SAME")


def stem(pixels):
    w, b = weights[:2]
    return tf.nn.relu(conv((pixels - MEAN) / STD, w) + b)


def unit(x):
    beta, gamma, mean, variance, w1, b1, w2 = weights[2:9]
    y = tf.nn.elu(gamma * (x - mean) / tf.sqrt(variance + 1e-3) + beta)
    return x + conv(tf.nn.elu(conv(y, w1) + b1), w2)


def top(x):
    w, b = weights[9:]
    return conv(x, w) + b


def logits_of(x):
    return tf.reduce_mean(top(x), [1, 2])


def grad_cam(feature_map, score, tape):
    gradient = tape.gradient(score, feature_map)
    importance = tf.reduce_mean(gradient, [1, 2], keepdims=True)
    cam = tf.nn.relu(tf.reduce_sum(importance * feature_map, 3, keepdims=True))
    return tf.image.resize(cam, [SIDE, SIDE]).numpy().ravel().tolist()


pixels = np.round(wave(SIDE * SIDE * 3, 0.2, 127) + 128).reshape(1, SIDE, SIDE, 3)
targets = []
for target in range(CLASSES):
    maps = {}
    x = tf.constant(pixels)
    with tf.GradientTape(persistent=True) as tape:
        first = stem(x)
        tape.watch(first)
        second = unit(first)
        tape.watch(second)
        third = top(second)
        logits = tf.reduce_mean(third, [1, 2])
        score = logits[0, target]
    for name, feature_map in (("conv_0", first), ("unit_1", second), ("conv_top", third)):
        maps[f"resnet/{name}"] = grad_cam(feature_map, score, tape)
    integral = np.zeros_like(pixels, dtype=np.float64)
    for step in range(STEPS + 1):
        point = tf.constant(pixels * step / STEPS, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(point)
            score = logits_of(unit(stem(point)))[:, target]
        share = 0.5 if step in (0, STEPS) else 1
        integral += share / STEPS * tape.gradient(score, point).numpy()
    attributions = (pixels * integral).sum(3)
    black = logits_of(unit(stem(tf.zeros_like(x))))
    targets.append({
        "logit": float(logits[0, target]),
        "gradCam": maps,
        "integratedGradients": attributions.ravel().tolist(),
        "sum": float(attributions.sum()),
        "difference": float(logits[0, target] - black[0, target]),
    })

reference = {
    "side": SIDE, "classes": CLASSES, "filters": FILTERS, "steps": STEPS,
    "mean": MEAN.tolist(), "std": STD.tolist(), "targets": targets,
}
with open("test/explanations/reference/explanations.json", "w") as file:
    json.dump(reference, file)
