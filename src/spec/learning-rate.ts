import { type Static, Type } from 'typebox'
import { strictObject } from './strict-object.js'

const limits = { exclusiveMinimum: 0, maximum: 100 }
const steps = { minimum: 1, maximum: 100_000_000 }
const factor = (value: number, description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 1, default: value, description }))

const peak = Type.Optional(
  Type.Number({
    ...limits,
    description:
      'the highest rate; if absent, 0.002 for adam and adamw, 0.05 for sgd, 0.001 for rmsprop',
  }),
)
const warmupSteps = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: steps.maximum,
    default: 0,
    description: 'first steps, in which the rate rises linearly to the peak',
  }),
)

/** Schedules by name. Options without a default here get one from the length of the job (src/planning/plan-training.ts). */
export const schedules = {
  constant: strictObject({ schedule: Type.Enum(['constant']), peak, warmupSteps }),
  step: strictObject({
    schedule: Type.Enum(['step']),
    peak,
    warmupSteps,
    factor: factor(0.1, 'each drop multiplies the rate by this'),
    boundaries: Type.Optional(
      Type.Array(Type.Integer(steps), {
        minItems: 1,
        maxItems: 100,
        description:
          'steps after which the rate drops; if absent, half and three quarters of all steps',
      }),
    ),
    everySteps: Type.Optional(
      Type.Integer({ ...steps, description: 'steps between drops, instead of boundaries' }),
    ),
  }),
  exponential: strictObject({
    schedule: Type.Enum(['exponential']),
    peak,
    warmupSteps,
    factor: factor(0.9, 'the rate is multiplied by this over everySteps steps, a little at each'),
    everySteps: Type.Optional(
      Type.Integer({ ...steps, description: 'steps per factor; if absent, one epoch' }),
    ),
  }),
  cosine: strictObject({
    schedule: Type.Enum(['cosine']),
    peak,
    warmupSteps,
    endFactor: factor(0, 'the rate at the end, as a share of the peak'),
  }),
  oneCycle: strictObject({
    schedule: Type.Enum(['oneCycle']),
    peak,
    warmupSteps: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: steps.maximum,
        description:
          'first steps, in which the rate rises to the peak; if absent, 30 % of all steps',
      }),
    ),
    startFactor: factor(0.04, 'the rate of the first step, as a share of the peak'),
    endFactor: factor(4e-6, 'the rate of the last step, as a share of the peak'),
  }),
}

export const LearningRate = Type.Union(
  [
    Type.Number(limits),
    schedules.constant,
    schedules.step,
    schedules.exponential,
    schedules.cosine,
    schedules.oneCycle,
  ],
  { default: { schedule: 'cosine' }, description: 'a schedule, or a number for a constant rate' },
)

type WithDefaults<K extends keyof typeof schedules> = Required<Static<(typeof schedules)[K]>>
type StepDecay = Omit<WithDefaults<'step'>, 'boundaries' | 'everySteps'>

export type LearningRate =
  | WithDefaults<'constant'>
  | (StepDecay & ({ boundaries: number[] } | { everySteps: number }))
  | WithDefaults<'exponential'>
  | WithDefaults<'cosine'>
  | WithDefaults<'oneCycle'>
