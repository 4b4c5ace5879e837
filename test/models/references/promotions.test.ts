import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrainyardError } from '../../../src/errors.js'
import { parseCondition } from '../../../src/models/references/promotion-condition.js'
import { author, openRecords, publish } from './published.js'

test('a condition compares a field with a literal or with what an alias names', () => {
  const read = (text: string) => {
    const parsed = parseCondition(text)
    assert.ok(typeof parsed !== 'string', String(parsed))
    return [parsed.path, parsed.operator, parsed.operand]
  }
  const literal = (text: string) => ({ kind: 'literal', text })
  const field = (alias: string, path: string, offset = 0) => ({
    kind: 'field',
    alias,
    path,
    offset,
  })
  const accuracy = 'metrics.validationAccuracy'
  assert.deepEqual(read('validationAccuracy >= production.validationAccuracy'), [
    ...[accuracy, '>=', field('production', accuracy)],
  ])
  assert.deepEqual(read('validationAccuracy>=production.metrics.validationAccuracy - 0.002'), [
    ...[accuracy, '>=', field('production', accuracy, -0.002)],
  ])
  assert.deepEqual(read('validationLoss < 0.25'), ['metrics.validationLoss', '<', literal('0.25')])
  assert.deepEqual(read('tags.approved = yes'), ['tags.approved', '=', literal('yes')])
  assert.deepEqual(read('dataset.name = mnist.v2'), ['dataset.name', '=', literal('mnist.v2')])
  assert.deepEqual(read('dataset.name = "production.step"'), [
    ...['dataset.name', '=', literal('production.step')],
  ])
})

test('what is no condition is refused with what is expected', () => {
  const cases: [string, RegExp][] = [
    ['validationAccuracy', /is no condition: expected a field, one of/],
    ['>= 3', /'' is no field of a model/],
    ['acuracy >= 3', /'acuracy' is no field of a model: it can be/],
    ['validationAccuracy >=', /has no value after >=/],
    ['validationAccuracy >= good', /expected a number or ALIAS.FIELD/],
  ]
  for (const [text, expected] of cases) assert.match(String(parseCondition(text)), expected)
})

test('a version is promoted only if all conditions hold, and the refusal has both values', async t => {
  const records = await openRecords(t)
  const { promotions, aliases, annotations } = records
  await publish(records, 'digits', { validationAccuracy: 0.9 })
  await publish(records, 'digits', { validationAccuracy: 0.88 })
  await publish(records, 'digits', { validationAccuracy: 0.91 })
  const condition = 'validationAccuracy >= production.validationAccuracy'
  const promote = (version: number, conditions: string[] = [condition]) =>
    promotions.promote('digits', { version, to: 'production', if: conditions }, author)

  const first = await promote(1)
  assert.equal(first.version, 1)
  assert.deepEqual(
    first.notes.map(({ code }) => code),
    ['nothing_to_compare'],
  )
  await assert.rejects(promote(2), error => {
    assert.ok(error instanceof TrainyardError)
    assert.equal(error.code, 'PROMOTION_REFUSED')
    assert.match(error.message, /it is 0.88 of version 2, and 0.9 of 'production', version 1/)
    return true
  })
  assert.equal((await aliases.get('digits', 'production')).version, 1)
  assert.equal((await promote(2, [`${condition} - 0.03`])).version, 2)
  await assert.rejects(
    promote(3, [condition, 'tags.approved = yes']),
    /it is not there of version 3/,
  )
  await annotations.patch('digits', 3, { tags: { approved: 'yes' } }, author)
  const promoted = await promote(3, [condition, 'tags.approved = yes'])
  assert.deepEqual(
    promoted.conditions.map(({ holds, value, comparedWith }) => [holds, value, comparedWith]),
    [
      [true, 0.91, 0.88],
      [true, 'yes', 'yes'],
    ],
  )
  const { items } = await aliases.history('digits', 'production', { limit: 1 })
  assert.deepEqual([items[0]?.change, items[0]?.conditions], ['promoted', promoted.conditions])
})

test('a metric that is not there fails, and so does an alias that does not exist', async t => {
  const records = await openRecords(t)
  const { promotions } = records
  await publish(records, 'digits', { validationLoss: 'NaN' })
  const promote = (condition: string) =>
    promotions.promote('digits', { version: 1, to: 'production', if: [condition] }, author)
  await assert.rejects(promote('validationLoss < 1'), /it is not there of version 1/)
  await assert.rejects(promote('step > prodution.step'), /no alias "prodution"/)
})
