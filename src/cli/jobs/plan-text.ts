import { flatSettings } from '../../presentation/settings.js'
import { formatBytes, formatCount, formatDuration } from '../../presentation/units.js'
import type { InitReport } from '../../spec/init-from.js'
import type { JobPlan } from '../../spec/job-queries.js'
import type { Output } from '../output.js'
import { countOf } from '../terminal/format.js'
import { type Row, rowsText } from '../terminal/rows.js'
import { modelText } from './job-words.js'

/** What a job would be, for a person. */
export function planText(plan: JobPlan, output: Output): string {
  const { memory, timeEstimate, initialized } = plan
  const { seconds, basis } = timeEstimate
  const rows: Row[] = [
    ['job', `${plan.name} (a dry run: nothing was submitted)`],
    ['model', modelText(plan)],
    ['data set', `${plan.dataset.name} (${plan.dataset.id})`],
    ['steps', stepsText(plan)],
    ...(plan.parameters === null
      ? []
      : [['parameters', formatCount(plan.parameters)] satisfies Row]),
    [
      'memory',
      `about ${formatBytes(memory.totalBytes)}: engine ${formatBytes(memory.engineBytes)}, state ${formatBytes(memory.stateBytes)}, a step ${formatBytes(memory.stepBytes)}`,
    ],
    ['time', seconds === null ? basis : `about ${formatDuration(seconds)}, by ${basis}`],
    ...(initialized === null ? [] : [['initialized', initializedText(initialized)] satisfies Row]),
    ...plan.notes.map(({ message, code }): Row => ['note', `${message} (${code})`]),
  ]
  const paint = (name: string) => output.style('bold', name)
  return [rowsText(rows, output.width, paint), ...settingsLines(plan, output)].join('\n')
}

/** Each setting with its value, as a job's answer has them; `--set` takes the same paths. */
function settingsLines({ training, predict }: JobPlan, output: Output): string[] {
  const settings = predict === null ? { training } : { predict }
  const rows = [...flatSettings(settings)].map(([path, value]): Row => [path, String(value)])
  return ['', rowsText(rows, output.width, name => output.style('dim', name))]
}

function stepsText({ steps, stepsPerEpoch, predict, model }: JobPlan): string {
  if (predict !== null) return countOf(steps, 'record')
  if (model.kind === 'boosting') return countOf(steps, 'round')
  if (stepsPerEpoch === null) return formatCount(steps)
  const epochs = steps / stepsPerEpoch
  return `${formatCount(steps)} (${Number(epochs.toPrecision(3))} epochs of ${formatCount(stepsPerEpoch)} steps)`
}

/** Variables that a message names. */
const mostNamed = 3

export function initializedText({ matched, skipped }: InitReport): string {
  if (skipped.length === 0) return `all ${countOf(matched.length, 'variable')}`
  const named = skipped.slice(0, mostNamed).map(({ name, reason }) => `${name} (${reason})`)
  const more = skipped.length > mostNamed ? [`${skipped.length - mostNamed} more`] : []
  return `${countOf(matched.length, 'variable')}; ${skipped.length} keep random values: ${[...named, ...more].join(', ')}`
}
