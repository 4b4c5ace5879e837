import type { ListFields } from '../spec/list-fields.js'
import { metricNames } from '../spec/metric-names.js'

/** The path of a field, or of a metric by its bare name; null if a list has no such field. */
export function resolveField(name: string, { names, records }: ListFields): string | null {
  if (names.includes(name)) return name
  if (records.includes('best') && /^best\.[^.]+$/.test(name)) return `${name}.value`
  if (records.some(record => name.startsWith(`${record}.`) && name.length > record.length + 1)) {
    return name
  }
  return records.includes('metrics') && metricNames.includes(name) ? `metrics.${name}` : null
}
