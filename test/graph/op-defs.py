"""Prints TensorFlow's definitions of the ops that src/graph/ops defines, as op-defs.ts.

pip install tensorflow-cpu==2.21.0
python test/graph/op-defs.py > test/graph/op-defs.ts && npx biome format --write test/graph/op-defs.ts
"""
import glob
import os
import re

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
from tensorflow.python.framework import op_def_registry  # noqa: E402
import tensorflow as tf  # noqa: E402

names = set()
for path in glob.glob('src/graph/ops/*.ts'):
    text = open(path).read()
    names |= set(re.findall(r"\btype: '(\w+)'", text))
    names |= set(re.findall(r"export const \w+ = \w+(?:<\w+>)?\(\s*'(\w+)'", text))

print(f'// Written by op-defs.py from TensorFlow {tf.__version__}: outputs, then attributes.')
print('export const opDefs: Record<string, readonly [outputs: string, attrs: string]> = {')
# our own ops (native/) have names of this beginning
for name in sorted(name for name in names if not name.startswith('Trainyard')):
    op = op_def_registry.get(name)
    outputs = ' '.join(arg.name for arg in op.output_arg)
    attrs = ' '.join(a.name if a.HasField('default_value') else a.name + '!' for a in op.attr)
    print(f"  {name}: ['{outputs}', '{attrs}'],")
print('}')
