import type { Attempt } from '../src/jobs/records.js'
import type { Failure } from '../src/spec/job.js'
import type { FromTrainer } from '../src/spec/messages.js'
import type { Exit } from './trainer-process.js'

// What a job's log says beside what its trainer prints.

export function startLine({ epoch, resumedFrom }: Attempt): string {
  const how = resumedFrom > 0 ? `goes on from step ${resumedFrom}` : 'starts afresh'
  return `attempt ${epoch} ${how}`
}

/** null: not worth a line. */
export function lineOf(message: FromTrainer): string | null {
  switch (message.type) {
    case 'phase':
      return message.phase === 'preparing' || message.phase === 'saving' ? message.phase : null
    case 'metrics':
      return evaluationLine(message.row)
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

export function deathLine({ code, signal }: Exit): string {
  return signal
    ? `the trainer was ended by ${signal}`
    : `the trainer ended itself with code ${code}`
}

/** Training rows are for the metrics; evaluations are few. */
function evaluationLine({ step, values }: { step: number; values: Record<string, number> }) {
  const evaluated = Object.entries(values).filter(([name]) => name.startsWith('validation'))
  if (evaluated.length === 0) return null
  const figures = evaluated.map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
  return `step ${step}: ${figures.join(', ')}`
}
