"""Prints plain-resnet-reference.ts: losses, gradients and logits of the same network in Python TensorFlow.

python test/nets/plain-resnet-reference.py > test/nets/plain-resnet-reference.ts
npx biome format --write test/nets/plain-resnet-reference.ts
"""
import json
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

BATCH, SIDE, CLASSES, EPSILON, MOMENTUM = 8, 6, 3, 1e-3, 0.9


def wave(count, phase, scale):
    return (np.sin(np.arange(count) * 1.3 + phase) * scale).astype(np.float32)


class Net:
    def __init__(self):
        self.variables = {}

    def get(self, name, shape):
        if name not in self.variables:
            phase = len(self.variables) * 0.7
            values = wave(int(np.prod(shape)), phase, 0.5)
            if name.endswith(('gamma', 'moving_variance')):
                values = values * 0.5 + 1
            self.variables[name] = tf.Variable(values.reshape(shape))
        return self.variables[name]

    def norm(self, x, path, training):
        parts = ('beta', 'gamma', 'moving_mean', 'moving_variance')
        beta, gamma, mean, variance = (self.get(f'{path}/{p}', [x.shape[3]]) for p in parts)
        if not training:
            return tf.nn.batch_normalization(x, mean, variance, beta, gamma, EPSILON)
        batch_mean, batch_variance = tf.nn.moments(x, [0, 1, 2])
        count = np.prod(x.shape[:3])
        self.moved = getattr(self, 'moved', [])
        self.moved.append((mean, batch_mean))
        self.moved.append((variance, batch_variance * float(count / (count - 1))))
        return tf.nn.batch_normalization(x, batch_mean, batch_variance, beta, gamma, EPSILON)

    def conv(self, x, path, filters, kernel):
        weights = self.get(f'{path}/weights', [kernel, kernel, x.shape[3], filters])
        return tf.nn.conv2d(x, weights, 1, 'SAME')

    def preactivated(self, x, path, filters, kernel, training):
        x = tf.nn.elu(self.norm(x, f'{path}/BatchNorm', training))
        return self.conv(x, path, filters, kernel)

    def logits(self, x, block, blocks, filters, ratio, training):
        x = self.conv(x, 'resnet/conv_0', filters, 3)
        x = tf.nn.relu(self.norm(x, 'resnet/conv_0/BatchNorm', training))
        for unit in range(1, blocks + 1):
            layers = [(filters, 3), (filters, 3)]
            if block == 'bottleneck':
                layers = [(filters // ratio, 1), (filters // ratio, 3), (filters, 1)]
            y = x
            for i, (width, kernel) in enumerate(layers, 1):
                path = f'resnet/unit_{unit}/conv{i}'
                y = self.preactivated(y, path, width, kernel, training)
            x = x + y
        x = self.norm(self.conv(x, 'resnet/conv_top', CLASSES, 3),
                      'resnet/conv_top/BatchNorm', training)
        return tf.reduce_mean(x, [1, 2])


def reference(block, blocks, filters, ratio):
    net = Net()
    images = wave(BATCH * SIDE * SIDE * 3, 0.2, 1).reshape(BATCH, SIDE, SIDE, 3)
    labels = np.arange(BATCH) % CLASSES
    options = (block, blocks, filters, ratio)
    with tf.GradientTape() as tape:
        logits = net.logits(tf.constant(images), *options, True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(losses)
    gradients = tape.gradient(loss, net.variables)
    for average, statistic in net.moved:
        average.assign_sub((1 - MOMENTUM) * (average - statistic))
    inference_logits = net.logits(tf.constant(images[:2]), *options, False)
    return {
        'options': {'block': block, 'blocks': blocks, 'filters': filters, 'kernel': 3,
                    'ratio': ratio},
        'loss': float(loss),
        'gradientStats': {name: [float(tf.norm(gradient)), float(tf.reduce_sum(gradient))]
                          for name, gradient in gradients.items() if gradient is not None},
        'inferenceLogits': [float(value) for value in inference_logits.numpy().ravel()],
    }


cases = [reference('plain', 2, 4, 4), reference('bottleneck', 2, 8, 4)]
print(f'// Written by plain-resnet-reference.py with TensorFlow {tf.__version__}.')
print('/** `gradientStats`: the norm and the sum of d(loss)/d(variable). */')
print('export const references = ' + json.dumps(cases, indent=2) + ' as const')
