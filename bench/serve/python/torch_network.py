"""A network of PyTorch made of an ONNX file of Trainyard, with the same weights."""

import numpy
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as f


class OnnxNetwork(nn.Module):
    """images [n, h, w, 3], 0 to 255 -> probabilities."""

    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        self.nodes = [
            (n.op_type, list(n.input), n.output[0], {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute})
            for n in graph.node
        ]
        self.names = {}
        self.shapes = {}
        for i, tensor in enumerate(graph.initializer):
            value = numpy_helper.to_array(tensor)
            if value.dtype == numpy.int64:
                self.shapes[tensor.name] = value.tolist()
            else:
                self.names[tensor.name] = f"weight_{i}"
                self.register_buffer(f"weight_{i}", torch.from_numpy(value.copy()))

    def forward(self, images):
        values = {"images": images}
        for op, inputs, output, attributes in self.nodes:
            args = [values[i] if i in values else self.weight(i) for i in inputs]
            values[output] = operations[op](args, attributes)
        return values["probabilities"]

    def weight(self, name):
        return getattr(self, self.names[name]) if name in self.names else self.shapes[name]


def convolution(args, attributes):
    images, kernel = args[:2]
    return f.conv2d(padded(images, attributes, 0.0), kernel, args[2] if len(args) > 2 else None, attributes["strides"])


def max_pool(args, attributes):
    return f.max_pool2d(padded(args[0], attributes, float("-inf")), attributes["kernel_shape"], attributes["strides"])


def padded(images, attributes, value):
    """TensorFlow's SAME: the odd pixel goes to the end."""
    pads = attributes.get("pads")
    if pads:
        top, left, bottom, right = pads
    elif attributes.get("auto_pad") == b"SAME_UPPER":
        (top, bottom), (left, right) = (
            same(size, kernel, stride)
            for size, kernel, stride in zip(images.shape[2:], attributes["kernel_shape"], attributes["strides"])
        )
    else:
        return images
    return f.pad(images, (left, right, top, bottom), value=value) if top + bottom + left + right else images


def same(size, kernel, stride):
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return missing // 2, missing - missing // 2


operations = {
    "Sub": lambda args, _: args[0] - args[1],
    "Div": lambda args, _: args[0] / args[1],
    "Add": lambda args, _: args[0] + args[1],
    "Conv": convolution,
    "MaxPool": max_pool,
    "Relu": lambda args, _: f.relu(args[0]),
    "Transpose": lambda args, attributes: args[0].permute(attributes["perm"]),
    "Reshape": lambda args, _: args[0].reshape([-1 if i == 0 else n for i, n in enumerate(args[1])]),
    "ReduceMean": lambda args, attributes: args[0].mean(attributes.get("axes") or args[1], bool(attributes.get("keepdims", 1))),
    "MatMul": lambda args, _: args[0] @ args[1],
    "Softmax": lambda args, attributes: f.softmax(args[0], attributes["axis"]),
    "Identity": lambda args, _: args[0],
    "Pad": lambda args, _: f.pad(args[0], pad_of(args[1]), value=float(args[2]) if len(args) > 2 else 0.0),
}


def pad_of(pads):
    """ONNX's [begins, ends] of all dimensions -> PyTorch's pairs from the last one on."""
    half = len(pads) // 2
    return [each for i in reversed(range(half)) for each in (pads[i], pads[half + i])]
