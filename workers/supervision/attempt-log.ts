import type { AttemptRecord } from '../../src/jobs/record/records.js'
import type { FromTrainer } from '../../src/spec/ipc-messages.js'
import type { Failure, Phase } from '../../src/spec/job.js'
import type { TrainerExit } from './trainer-process.js'

// What a job's log says beside what its trainer prints.

/** What TensorFlow prints as it loads, whatever its log level, and whatever the job. */
export const isStartupBanner = (line: string): boolean =>
  /absl::InitializeLog\(\)|oneDNN custom operations are on/.test(line)

export function startLine({ attempt, resumedFrom }: AttemptRecord): string {
  const how = resumedFrom > 0 ? `goes on from step ${resumedFrom}` : 'starts afresh'
  return `attempt ${attempt} ${how}`
}

/** Trees are evaluated after each round, a thousand times a second: the metrics have them all. */
const minEvaluationLogIntervalMs = 1000

/** Tells of one attempt; null is not worth a line. */
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
      return 'stopped, as asked, behind a checkpoint'
    case 'finished':
      return `finished at step ${message.step}: model ${message.model.id}, version ${message.model.version}`
    case 'failed':
      return failureLine(message)
    case 'ready':
      return null
  }
}

export const failureLine = ({ code, message }: Failure) => `failed: ${code}: ${message}`

export function exitLine({ code, signal }: TrainerExit): string {
  return signal
    ? `the trainer was ended by ${signal}`
    : `the trainer ended itself with code ${code}`
}

/** Training rows are for the metrics; evaluations are few. */
function evaluationLine({ step, values }: { step: number; values: Record<string, number> }) {
  const evaluated = Object.entries(values).filter(([name]) => name.startsWith('validation'))
  if (evaluated.length === 0) return null
  const formatted = evaluated.map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
  return `step ${step}: ${formatted.join(', ')}`
}
