"""Writes small TensorFlow checkpoints in both formats, with the names of a thin network of ours.

    pip install tensorflow-cpu==2.21.0
    python make_weights.py

new.ckpt has two data files and a variable in two slices; old.ckpt is the one file of before 2017, as
TF-Slim's published checkpoints are. Values of a variable are 0.01 times its length, then 0.01 more each.
"""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
def values(shape, dtype=np.float32):
    size = int(np.prod(shape))
    return (0.01 * (size + np.arange(size))).reshape(shape).astype(dtype)


def norm(name):
    return {f"{name}/BatchNorm/{part}": values([4]) for part in ("beta", "gamma", "moving_mean", "moving_variance")}


tensors = {
    "resnet/conv_0/weights": values([3, 3, 3, 4]),
    **norm("resnet/conv_0"),
    **norm("resnet/unit_1/conv1"),
    "resnet/unit_1/conv1/weights": values([3, 3, 4, 4]),
    "resnet/unit_1/conv2/weights": values([3, 3, 4, 4], np.float64),
    "resnet/conv_top/weights": values([3, 3, 4, 7]),
    "global_step": np.array(123, np.int64),
}

names = list(tensors)
data = [tf.constant(tensors[name]) for name in names]
tf.raw_ops.SaveSlices(
    filename=f"{HERE}/old.ckpt", tensor_names=names, shapes_and_slices=[""] * len(names), data=data)

divided = "resnet/unit_1/conv1/weights"
halves = [("3 3 4 4 0,3:0,3:0,4:0,2", tensors[divided][..., :2]), ("3 3 4 4 0,3:0,3:0,4:2,2", tensors[divided][..., 2:])]
shards = []
for shard in range(2):
    mine = [name for i, name in enumerate(names) if i % 2 == shard and name != divided]
    shards.append(f"{HERE}/part-{shard}")
    tf.raw_ops.SaveV2(
        prefix=shards[-1],
        tensor_names=[*mine, divided],
        shape_and_slices=[""] * len(mine) + [halves[shard][0]],
        tensors=[tensors[name] for name in mine] + [np.ascontiguousarray(halves[shard][1])])
tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=shards, destination_prefix=f"{HERE}/new.ckpt")
