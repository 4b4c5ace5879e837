export interface GroupedMetric {
  name: string
  isValidation: boolean
}

/** The metrics that one chart shows: those of training and of validation measure the same. */
export interface MetricGroup {
  /** Of the metric of training, such as `loss`. */
  name: string
  title: string
  metrics: readonly GroupedMetric[]
}

/** Metrics that belong into the chart of another one. */
const chartOf: Record<string, string> = { weightedLoss: 'loss', top5Accuracy: 'accuracy' }

const first = ['loss', 'accuracy']
const last = ['learningRate', 'l2Penalty', 'examplesPerSecond']

/** Groups metrics by chart. Results come first, and what only describes the training comes last. */
export function groupMetrics(names: Iterable<string>): MetricGroup[] {
  const groups = new Map<string, GroupedMetric[]>()
  for (const name of new Set(names)) {
    const base = trainingName(name)
    const group = chartOf[base] ?? base
    groups.set(group, [...(groups.get(group) ?? []), { name, isValidation: base !== name }])
  }
  return [...groups]
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([name, metrics]) => ({
      name,
      title: metricTitle(name),
      metrics: metrics.sort(
        (a, b) => Number(a.isValidation) - Number(b.isValidation) || (a.name < b.name ? -1 : 1),
      ),
    }))
}

/** Names of metrics in the order of the charts: the losses first, a metric beside its value on the validation records. */
export const metricsInOrder = (names: Iterable<string>): string[] =>
  groupMetrics(names).flatMap(({ metrics }) => metrics.map(({ name }) => name))

/** `validationLoss` → `loss`; the names of other metrics stay. */
function trainingName(name: string): string {
  const rest = /^validation([A-Z].*)$/.exec(name)?.[1]
  return rest === undefined ? name : rest[0]!.toLowerCase() + rest.slice(1)
}

/** `validationTop5Accuracy` → `Validation top-5 accuracy`. */
export function metricTitle(name: string): string {
  const words = name
    .replace(/Top5/, ' top-5')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
  return words[0]!.toUpperCase() + words.slice(1)
}

function rank(name: string): number {
  if (first.includes(name)) return first.indexOf(name)
  return last.includes(name) ? 100 + last.indexOf(name) : 50
}
