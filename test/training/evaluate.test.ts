import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph } from '../../src/graph/graph.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import { evaluate, evaluationOutputs } from '../../src/training/evaluate.js'
import { startInputPipeline } from '../../src/training/input.js'
import { openGraphSession } from '../graph/tensorflow.js'
import { assertOpsMatchTensorFlow } from '../graph/tensorflow-agrees.js'
import { allRecords, openProgram, reference } from './reference-job.js'

const { NaN: nan } = Number

test("the five most probable classes are those of TensorFlow's InTopKV2", async t => {
  const graph = new Graph()
  const logits = placeholder(graph, 'logits', 'float32', [-1, 7])
  const labels = placeholder(graph, 'labels', 'int32', [-1])
  const inTop = evaluationOutputs(logits, labels, 7).inTop!
  assertOpsMatchTensorFlow(graph)
  const session = await openGraphSession(t, graph, {
    evaluate: { inputs: { logits, labels }, outputs: { inTop } },
  })
  // tf.math.in_top_k(labels, logits, 5)
  const cases: [logits: number[], label: number, isInTop: boolean][] = [
    [[7, 6, 5, 4, 3, 2, 1], 4, true],
    [[7, 6, 5, 4, 3, 2, 1], 5, false],
    [[7, 6, 5, 4, 3, 3, 3], 6, true],
    [[7, 6, 5, 4, 4, 3, 3], 6, false],
    [[1, 1, 1, 1, 1, 1, 1], 6, true],
    [[nan, nan, nan, nan, nan, nan, nan], 0, false],
    [[nan, 6, 5, 4, 3, 2, 1], 0, false],
  ]
  for (const [values, label, isInTop] of cases) {
    const result = session.run('evaluate', {
      logits: { data: Float32Array.from(values), shape: [1, 7] },
      labels: { data: Int32Array.of(label), shape: [1] },
    })
    assert.equal(result.number('inTop'), Number(isInTop), `${values} ${label}`)
  }
})

test('an evaluation counts the predictions of each class', async () => {
  const labels = ['a', 'b', 'c', 'd']
  // the last batch is smaller
  const { session, plan } = await openProgram(reference.cases[0]!.model, { batchSize: 7 })
  session.run('init', { seed: plan.seed })
  startInputPipeline(session, plan, allRecords, allRecords)
  const { values, evaluation } = evaluate(session, plan, allRecords, labels)
  const expected = labels.map(() => labels.map(() => 0))
  const { files } = allRecords
  session.run('startEvaluation', { files: { data: files, shape: [1] }, skip: 0 })
  for (let seen = 0; seen < allRecords.count; seen += plan.batchSize) {
    const outputs = session.run('evaluate')
    const predicted = outputs.ints('predicted')
    for (const [i, label] of outputs.ints('labels').entries()) expected[label]![predicted[i]!]!++
  }
  session.close()

  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
  const column = (predicted: number) => expected.map(row => row[predicted]!)
  assert.deepEqual(evaluation!.confusionMatrix, expected)
  assert.deepEqual(
    evaluation!.perClass,
    labels.map((label, i) => {
      const [records, guesses] = [sum(expected[i]!), sum(column(i))]
      const right = expected[i]![i]!
      const precision = guesses === 0 ? null : right / guesses
      return { label, records, recall: right / records, precision }
    }),
  )
  const correct = sum(labels.map((_, i) => expected[i]![i]!))
  assert.equal(evaluation!.accuracy, correct / allRecords.count)
  assert.equal(values.validationAccuracy, evaluation!.accuracy)
  assert.equal(evaluation!.records, allRecords.count)
  // four classes: no five best of them, and no curve
  assert.ok(!('validationTop5Accuracy' in values) && !('top5Accuracy' in evaluation!))
  assert.ok(!('roc' in evaluation!))
})
