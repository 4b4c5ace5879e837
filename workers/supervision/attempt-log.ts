import { isDeepStrictEqual } from 'node:util'
import type { AttemptRecord } from '../../src/jobs/record/records.js'
import type { FromTrainer } from '../../src/spec/ipc-messages.js'
import type { Failure, Phase } from '../../src/spec/job.js'
import type { AttemptDeath } from './attempt-death.js'

// Lines that the worker adds to a job's log, beside what the trainer prints.

/** Lines that TensorFlow prints whenever it loads, whatever its log level. */
export const isStartupBanner = (line: string): boolean =>
  /absl::InitializeLog\(\)|oneDNN custom operations are on/.test(line)

export function startLine({ attempt, resumedFrom }: AttemptRecord): string {
  const how = resumedFrom > 0 ? `resumes from step ${resumedFrom}` : 'starts from the beginning'
  return `attempt ${attempt} ${how}`
}

/** What a job asks for since a client changed it; null if the attempt before asked for the same, or it is not known. */
export function changeOfResources(
  before: AttemptRecord | undefined,
  { resources }: AttemptRecord,
): string | null {
  if (!before || before.resources === undefined) return null
  if (isDeepStrictEqual(before.resources, resources)) return null
  return `resources are ${JSON.stringify(resources ?? {})}; attempt ${before.attempt} had ${JSON.stringify(before.resources ?? {})}`
}

/** Trees may be evaluated a thousand times a second. The metrics have every evaluation, the log does not. */
const minEvaluationLogIntervalMs = 1000

/** Formats the messages of one attempt; null for a message without a line in the log. */
export function attemptLineFormatter(): (message: FromTrainer) => string | null {
  let phase: Phase | null = null
  let lastEvaluationAt = Number.NEGATIVE_INFINITY
  return message => {
    if (message.type === 'phase') {
      const previousPhase = phase
      phase = message.phase
      return phase !== previousPhase && (phase === 'preparing' || phase === 'saving') ? phase : null
    }
    if (message.type === 'metrics') {
      const line = evaluationLine(message.row)
      if (line === null || performance.now() - lastEvaluationAt < minEvaluationLogIntervalMs)
        return null
      lastEvaluationAt = performance.now()
      return line
    }
    return messageLine(message)
  }
}

function messageLine(message: Exclude<FromTrainer, { type: 'phase' | 'metrics' }>): string | null {
  switch (message.type) {
    case 'checkpoint':
      return `step ${message.step}: checkpoint`
    case 'stopped':
      return 'stopped on request after a checkpoint'
    case 'finished':
      return finishedLine(message)
    case 'failed':
      return failureLine(message)
    case 'ready':
    case 'leader':
    case 'gather':
    case 'serving':
    case 'left':
    case 'memory': // there is a line if the job cannot have it
    case 'error': // the line of the attempt's end has it
      return null
  }
}

function finishedLine({ step, model, dataset }: FromTrainer & { type: 'finished' }): string {
  const version = `model ${model.id}, version ${model.version}`
  return dataset
    ? `finished at record ${step}: data set ${dataset.id} ('${dataset.name}'), predicted by ${version}`
    : `finished at step ${step}: ${version}`
}

export const failureLine = ({ code, message }: Failure) => `failed: ${code}: ${message}`

export const deathLine = ({ text }: Pick<AttemptDeath, 'text'>) => `the trainer ${text}`

/** A line for an evaluation; null for a training row, which only the metrics have. */
function evaluationLine({ step, values }: { step: number; values: Record<string, number> }) {
  const evaluated = Object.entries(values).filter(([name]) => name.startsWith('validation'))
  if (evaluated.length === 0) return null
  const formatted = evaluated.map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
  return `step ${step}: ${formatted.join(', ')}`
}
