"""Writes images.tfrecord and losses.json: five training steps of thin networks in Python TensorFlow.

    pip install tensorflow-cpu==2.21.0
    python make_reference.py

It uses no code of Trainyard: layers, loss, Adam and moving averages are written with TensorFlow's
functions. The initial weights come from the same stateless op and keys as in src/nets/variables.ts.
Records are in the order of the file.
"""
import json
import math
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE, CHANNELS, CLASSES, BATCH, STEPS, SEED, RATE = 8, 3, 4, 8, 5, 7, 0.01
EPSILON, MOMENTUM = 1e-3, 0.9
MEAN, STD = [120.0, 127.5, 131.0], [70.0, 74.0, 66.0]


def write_images(path):
    random = np.random.default_rng(1)
    with tf.io.TFRecordWriter(path) as writer:
        for i in range(BATCH * STEPS):
            label = int(random.integers(CLASSES))
            image = random.integers(0, 200, (SIZE, SIZE, CHANNELS))
            image[label * 2 : label * 2 + 2] += 50
            feature = {
                "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[image.astype(np.uint8).tobytes()])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())


def read_images(path):
    images, labels = [], []
    for record in tf.data.TFRecordDataset(path):
        example = tf.train.Example.FromString(record.numpy()).features.feature
        images.append(np.frombuffer(example["image"].bytes_list.value[0], np.uint8).reshape(SIZE, SIZE, CHANNELS))
        labels.append(example["label"].int64_list.value[0])
    return np.stack(images).astype(np.float32), np.array(labels, np.int32)


def fnv1a(name):
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


class Net:
    """Variables by name. If `training`, batch norm uses the batch and updates the moving averages."""

    def __init__(self, options):
        self.options, self.variables, self.trainable, self.training = options, {}, [], True

    def variable(self, name, shape, initializer, trainable=True):
        if name not in self.variables:
            self.variables[name] = tf.Variable(initializer(name, shape), trainable=trainable)
            if trainable:
                self.trainable.append(name)
        return self.variables[name]

    def conv(self, x, name, filters, kernel):
        def he(name, shape):
            normal = tf.raw_ops.StatelessTruncatedNormal(shape=shape, seed=[SEED, fnv1a(name)], dtype=tf.float32)
            return normal * (math.sqrt(2 / np.prod(shape[:-1])) / 0.87962566103423978)

        weights = self.variable(name + "/weights", [kernel, kernel, x.shape[-1], filters], he)
        return tf.nn.conv2d(x, weights, 1, "SAME")

    def norm(self, x, name):
        channels = [x.shape[-1]]
        zeros, ones = (lambda _, shape: tf.zeros(shape)), (lambda _, shape: tf.ones(shape))
        beta = self.variable(name + "/beta", channels, zeros)
        gamma = self.variable(name + "/gamma", channels, ones)
        mean = self.variable(name + "/moving_mean", channels, zeros, trainable=False)
        variance = self.variable(name + "/moving_variance", channels, ones, trainable=False)
        if not self.training:
            return tf.nn.batch_normalization(x, mean, variance, beta, gamma, EPSILON)
        y, batch_mean, batch_variance = tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=EPSILON)
        mean.assign(mean * MOMENTUM + batch_mean * (1 - MOMENTUM))
        variance.assign(variance * MOMENTUM + batch_variance * (1 - MOMENTUM))
        return y

    def active_conv(self, x, name, filters, kernel):
        return self.conv(tf.nn.elu(self.norm(x, name + "/BatchNorm")), name, filters, kernel)

    def __call__(self, pixels):
        o = self.options
        x = (pixels - tf.constant(MEAN)) / tf.constant(STD)
        x = tf.nn.relu(self.norm(self.conv(x, "resnet/conv_0", o["filters"], o["kernel"]), "resnet/conv_0/BatchNorm"))
        for unit in range(1, o["blocks"] + 1):
            scope, narrow = f"resnet/unit_{unit}/", o["filters"] // o["ratio"]
            if o["block"] == "plain":
                y = self.active_conv(x, scope + "conv1", o["filters"], o["kernel"])
                y = self.active_conv(y, scope + "conv2", o["filters"], o["kernel"])
            else:
                y = self.active_conv(x, scope + "conv1", narrow, 1)
                y = self.active_conv(y, scope + "conv2", narrow, o["kernel"])
                y = self.active_conv(y, scope + "conv3", o["filters"], 1)
            x = x + y
        x = self.norm(self.conv(x, "resnet/conv_top", CLASSES, o["kernel"]), "resnet/conv_top/BatchNorm")
        return tf.reduce_mean(x, [1, 2])


def train(options, images, labels):
    net, losses, moments = Net(options), [], {}
    for step in range(1, STEPS + 1):
        x, y = images[(step - 1) * BATCH : step * BATCH], labels[(step - 1) * BATCH : step * BATCH]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, net(x)))
            losses.append(float(loss))
        names = net.trainable
        for name, gradient in zip(names, tape.gradient(loss, [net.variables[name] for name in names])):
            # Kingma & Ba 2014 in TensorFlow's form, with the bias correction in the learning rate
            m, v = moments.get(name, (0.0, 0.0))
            m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
            moments[name] = m, v
            rate = RATE * math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            net.variables[name].assign_sub(rate * m / (tf.sqrt(v) + 1e-7))
    net.training = False
    logits = net(images)
    validation = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    hits = tf.reduce_mean(tf.cast(tf.argmax(logits, 1) == labels.astype(np.int64), tf.float32))
    parameters = int(sum(np.prod(net.variables[name].shape) for name in net.trainable))
    return {
        "model": {"kind": "resnet", **options},
        "parameters": parameters,
        "losses": losses,
        "validationLoss": float(validation),
        "validationAccuracy": float(hits),
        "firstImageProbabilities": tf.nn.softmax(logits)[0].numpy().tolist(),
    }


if __name__ == "__main__":
    records = os.path.join(HERE, "images.tfrecord")
    write_images(records)
    images, labels = read_images(records)
    shape = {"blocks": 2, "filters": 8, "kernel": 3, "ratio": 4}
    cases = [train({"block": block, **shape}, images, labels) for block in ("plain", "bottleneck")]
    setting = {
        "tensorflow": tf.__version__,
        "height": SIZE, "width": SIZE, "channels": CHANNELS, "classes": CLASSES,
        "batchSize": BATCH, "steps": STEPS, "seed": SEED, "learningRate": RATE, "mean": MEAN, "std": STD,
    }
    with open(os.path.join(HERE, "losses.json"), "w") as file:
        json.dump({**setting, "cases": cases}, file, indent=2)
        file.write("\n")
