"""Prints what TensorBoard's own loader reads from a folder.

    pip install tensorboard
    python check.py FOLDER
"""
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

seen = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0, "scalars": 0})
seen.Reload()
print("scalars", seen.Tags()["scalars"], "tensors", seen.Tags()["tensors"])
for tag in seen.Tags()["tensors"]:
    metadata = seen.SummaryMetadata(tag)
    events = seen.Tensors(tag)
    print(tag, metadata.plugin_data.plugin_name, metadata.data_class, "steps", [e.step for e in events])
    if metadata.plugin_data.plugin_name == "scalars":
        print("  values", [e.tensor_proto.float_val[0] for e in events])
    else:
        print("  text", events[0].tensor_proto.string_val[0])
for tag in seen.Tags()["scalars"]:
    events = seen.Scalars(tag)
    print(tag, "steps", [e.step for e in events], "values", [e.value for e in events])
