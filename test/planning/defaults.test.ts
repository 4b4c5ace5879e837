import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TObject } from 'typebox'
import { planJob, planNetworkJob } from '../../src/planning/plan.js'
import { Augmentation } from '../../src/spec/augmentation.js'
import { BoostingOptions, objectiveOptions } from '../../src/spec/boosting-options.js'
import { BoostingEarlyStopping, BoostingTrainingOptions } from '../../src/spec/boosting-training.js'
import type { TableManifest } from '../../src/spec/dataset.js'
import type { NetworkJobRequest } from '../../src/spec/job.js'
import { schedules } from '../../src/spec/learning-rate.js'
import {
  DeepResNetOptions,
  type NetworkRequest,
  PlainResNetOptions,
  VggOptions,
} from '../../src/spec/model-options.js'
import { type OptimizerKind, optimizers } from '../../src/spec/optimizer-options.js'
import { EarlyStopping, Ema, KeepBest, TrainingOptions } from '../../src/spec/training-options.js'
import { digitsManifest } from '../../testing/digits-manifest.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

function planNetwork(
  training: NonNullable<NetworkJobRequest['training']> = {},
  model: NetworkRequest = { kind: 'resnet' },
) {
  const images = digitsManifest({ height: 224, width: 224 })
  return planNetworkJob(identity, { model, dataset: 'digits', training }, images, null)
}

const table: TableManifest = {
  id: 'ds-0123456789abcdef',
  name: 'houses',
  createdAt: '2026-01-01T00:00:00.000Z',
  kind: 'table',
  records: 1000,
  columns: ['area', 'price'].map(name => ({
    name,
    type: 'number',
    missing: 0,
    distinct: null,
    min: 0,
    max: 1,
    mean: 0.5,
  })),
  target: 'price',
  sample: [],
  shards: [],
}

/** The defaults that a schema states, by field. */
function defaultsOf(schema: TObject): Record<string, unknown> {
  const fields = Object.entries(schema.properties as Record<string, { default?: unknown }>)
  return Object.fromEntries(
    fields.flatMap(([name, field]) => ('default' in field ? [[name, field.default]] : [])),
  )
}

/** Each default is in the plan. A default that is an object may have more fields there. */
function assertDefaults(plan: object, schema: TObject, computed: readonly string[] = []) {
  for (const [name, expected] of Object.entries(defaultsOf(schema))) {
    if (computed.includes(name)) continue
    assert.ok(name in plan, name)
    const actual = (plan as Record<string, unknown>)[name]
    if (isRecord(expected) && isRecord(actual)) {
      const shared = Object.keys(expected).map(key => [key, actual[key]])
      assert.deepEqual(Object.fromEntries(shared), expected, name)
    } else assert.deepEqual(actual, expected, name)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

test('an option that a network job leaves out has the default of its schema', () => {
  const { training } = planNetwork()
  assertDefaults(training, TrainingOptions, ['epochs', 'validation', 'input'])
  const { epochs, validation } = defaultsOf(TrainingOptions)
  assert.equal(training.steps, Number(epochs) * training.stepsPerEpoch)
  assert.deepEqual(training.validation, { holdOut: Number(validation) * 1000 })
  assertDefaults(training.augment, Augmentation)
  assertDefaults(training.keepBest!, KeepBest)
  const { ema, earlyStopping } = planNetwork({ ema: {}, earlyStopping: {} }).training
  assertDefaults(ema!, Ema)
  assertDefaults(earlyStopping!, EarlyStopping)
})

test('an option that an optimizer or a schedule leaves out has the default of its schema', () => {
  for (const [kind, schema] of Object.entries(optimizers)) {
    const { training } = planNetwork({ optimizer: { kind: kind as OptimizerKind } })
    assertDefaults(training.optimizer, schema)
  }
  for (const [name, schema] of Object.entries(schedules)) {
    const schedule = name as keyof typeof schedules
    assertDefaults(planNetwork({ learningRate: { schedule } }).training.learningRate, schema)
  }
})

test('an option that a network leaves out has the default of its schema', () => {
  assertDefaults(planNetwork().model, PlainResNetOptions)
  assertDefaults(planNetwork({}, { kind: 'resnet', depth: 50 }).model, DeepResNetOptions)
  assertDefaults(planNetwork({}, { kind: 'vgg' }).model, VggOptions)
})

test('an option that a boosting job leaves out has the default of its schema', () => {
  const model = { kind: 'boosting' as const }
  const request = { model, dataset: 'houses', training: { earlyStopping: {} } }
  const job = planJob(identity, request, table, null)
  assertDefaults(
    job.model,
    BoostingOptions,
    objectiveOptions.map(([option]) => option),
  )
  assertDefaults(job.training, BoostingTrainingOptions, ['validation'])
  const { validation } = defaultsOf(BoostingTrainingOptions)
  assert.deepEqual(job.training.validation, { fraction: validation, by: 'random' })
  assertDefaults(job.training.earlyStopping!, BoostingEarlyStopping)
})

test('an option of one objective has the default of its schema in the jobs of that objective', () => {
  const defaults = defaultsOf(BoostingOptions)
  const columns = table.columns.map(column => ({ ...column, type: 'boolean' as const }))
  for (const [option, objective] of objectiveOptions) {
    const model = { kind: 'boosting' as const, objective }
    const job = planJob(
      identity,
      { model, dataset: 'houses' },
      { ...table, columns } as TableManifest,
      null,
    )
    assert.equal(job.model[option as keyof typeof job.model], defaults[option], option)
  }
})
