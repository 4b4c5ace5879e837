import assert from 'node:assert/strict'
import type { Graph } from '../../src/graph/graph.js'
import { opDefs } from './op-defs.js'

/** TensorFlow checks names and attributes only when it loads the graph; this test names the op. */
export function assertOpsMatchTensorFlow(graph: Graph): void {
  for (const { op, inputs, attrs, outputs } of graph.nodes) {
    // our own, which TensorFlow checks against their definition in native/
    if (op.type.startsWith('Trainyard')) continue
    const definition = opDefs[op.type]
    assert.ok(definition, `${op.type} is not in op-defs.ts: regenerate it with op-defs.py`)
    const [outputNames, attrNames] = definition
    const expected = outputNames.split(' ')
    for (const { port } of outputs) {
      assert.ok(expected.includes(port.split(':')[0]!), `${op.type} has no output ${port}`)
    }
    const actual = Object.keys(op.attrs(inputs, attrs))
    const known = attrNames.split(' ')
    for (const name of actual) {
      assert.ok(
        known.some(attr => attr.replace('!', '') === name),
        `${op.type} has no attribute ${name}`,
      )
    }
    for (const attr of known.filter(attr => attr.endsWith('!'))) {
      assert.ok(actual.includes(attr.slice(0, -1)), `${op.type} needs the attribute ${attr}`)
    }
  }
}
