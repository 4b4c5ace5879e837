import assert from 'node:assert/strict'
import type { Graph } from '../../src/graph/graph.js'
import { opDefs } from './op-defs.js'

/** Names inside functions, and much of what a loader checks late, hang on these. */
export function assertOpsMatchTensorFlow(graph: Graph): void {
  for (const { op, inputs, attrs, outputs } of graph.nodes) {
    const [outputNames, attrNames] = opDefs[op.type]!
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
