"""Writes expected.tfevents with TensorBoard's own messages and record writer: python make_expected.py."""
from pathlib import Path

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.summary.writer.record_writer import RecordWriter

text = summary_pb2.Summary.Value(
    tag="job",
    tensor=tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, tensor_shape={}, string_val=[b"```json\n{}\n```"]
    ),
)
text.metadata.plugin_data.plugin_name = "text"
text.metadata.data_class = summary_pb2.DATA_CLASS_TENSOR
hparams = hparams_pb(
    {"model.depth": 8, "dataset": "mnist", "training.ema": False, "training.learningRate": 0.05},
    trial_id="digits-job-1",
    start_time_secs=1764000000.5,
)
# the order of a map's entries is free; ours is by name
content = hparams.value[0].metadata.plugin_data.content
start_info = plugin_data_pb2.HParamsPluginData.FromString(content)
hparams.value[0].metadata.plugin_data.content = start_info.SerializeToString(deterministic=True)
end = plugin_data_pb2.HParamsPluginData(
    session_end_info=plugin_data_pb2.SessionEndInfo(
        status=api_pb2.STATUS_SUCCESS, end_time_secs=1764000002
    )
)
end = summary_pb2.Summary.Value(
    tag=metadata.SESSION_END_INFO_TAG,
    metadata=metadata.create_summary_metadata(end),
    tensor=metadata.NULL_TENSOR,
)
start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
row = [
    ("train/loss", 0.25),
    ("train/learningRate", 0.001),
    ("validation/accuracy", float("inf")),
]
values = [summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in row]
events = [
    event_pb2.Event(wall_time=1764000000.5, file_version="brain.Event:2"),
    event_pb2.Event(wall_time=1764000000.5, step=41, session_log=start),
    event_pb2.Event(wall_time=1764000000.5, step=41, summary=summary_pb2.Summary(value=[text])),
    event_pb2.Event(wall_time=1764000000.5, step=41, summary=hparams),
    event_pb2.Event(wall_time=1764000001.25, step=42, summary=summary_pb2.Summary(value=values)),
    event_pb2.Event(wall_time=1764000002, step=42, summary=summary_pb2.Summary(value=[end])),
]
with open(Path(__file__).with_name("expected.tfevents"), "wb") as file:
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString(deterministic=True))
    writer.flush()
