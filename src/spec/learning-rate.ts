import { type Static, Type } from 'typebox'
import { closed } from './closed.js'

const limits = { exclusiveMinimum: 0, maximum: 100 }
const steps = { minimum: 1, maximum: 100_000_000 }
const factor = (value: number, description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 1, default: value, description }))

const peak = Type.Optional(
  Type.Number({
    ...limits,
    description:
      'the highest rate; if absent 0.002 for adam and adamw, 0.05 for sgd, 0.001 for rmsprop',
  }),
)
const warmupSteps = Type.Optional(
  Type.Integer({ minimum: 0, default: 0, description: 'steps of linear rise to the peak' }),
)

/** By name. What has no default here takes one from the length of the job. */
export const schedules = {
  constant: closed({ schedule: Type.Enum(['constant']), peak, warmupSteps }),
  step: closed({
    schedule: Type.Enum(['step']),
    peak,
    warmupSteps,
    factor: factor(0.1, 'what a drop leaves of the rate'),
    boundaries: Type.Optional(
      Type.Array(Type.Integer(steps), {
        minItems: 1,
        maxItems: 100,
        description: 'steps behind which the rate drops; half and three quarters if absent',
      }),
    ),
    everySteps: Type.Optional(
      Type.Integer({ ...steps, description: 'steps between drops, instead of boundaries' }),
    ),
  }),
  exponential: closed({
    schedule: Type.Enum(['exponential']),
    peak,
    warmupSteps,
    factor: factor(0.9, 'what everySteps steps leave of the rate'),
    everySteps: Type.Optional(Type.Integer({ ...steps, description: 'one epoch if absent' })),
  }),
  cosine: closed({
    schedule: Type.Enum(['cosine']),
    peak,
    warmupSteps,
    endFactor: factor(0, 'the last rate as a share of the peak'),
  }),
  oneCycle: closed({
    schedule: Type.Enum(['oneCycle']),
    peak,
    warmupSteps: Type.Optional(
      Type.Integer({ minimum: 2, description: 'steps of the rise; 30 % of all if absent' }),
    ),
    startFactor: factor(0.04, 'the first rate as a share of the peak'),
    endFactor: factor(4e-6, 'the last rate as a share of the peak'),
  }),
}

/** A number is a constant rate. */
export const LearningRate = Type.Union(
  [
    Type.Number(limits),
    schedules.constant,
    schedules.step,
    schedules.exponential,
    schedules.cosine,
    schedules.oneCycle,
  ],
  { default: { schedule: 'cosine' } },
)

type WithDefaults<K extends keyof typeof schedules> = Required<Static<(typeof schedules)[K]>>
type StepDecay = Omit<WithDefaults<'step'>, 'boundaries' | 'everySteps'>

export type LearningRate =
  | WithDefaults<'constant'>
  | (StepDecay & ({ boundaries: number[] } | { everySteps: number }))
  | WithDefaults<'exponential'>
  | WithDefaults<'cosine'>
  | WithDefaults<'oneCycle'>
