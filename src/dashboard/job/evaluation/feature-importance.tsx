import { useState } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import type { ColumnImportance } from '../../../spec/model.js'
import { place, setQuery } from '../../place.js'
import { Button } from '../../ui/button.js'
import { Select } from '../../ui/field.js'
import { formatMetric } from '../../ui/format.js'
import { Card } from '../../ui/parts.js'

const measures = [
  ['gain', 'Gain: mean reduction of the loss by a split'],
  ['weight', 'Weight: number of splits'],
  ['cover', 'Cover: mean weight of the rows at a split'],
] as const
type Measure = (typeof measures)[number][0]

const mostAtFirst = 20

/** Which columns the trees use most. */
export function FeatureImportance({ columns }: { columns: readonly ColumnImportance[] }) {
  const chosen = place.value.query.get('importance')
  const measure: Measure = measures.find(([name]) => name === chosen)?.[0] ?? 'gain'
  const [isWhole, setWhole] = useState(false)
  const sorted = [...columns].sort((a, b) => b[measure] - a[measure])
  const largest = sorted[0]?.[measure] || 1
  const shown = isWhole ? sorted : sorted.slice(0, mostAtFirst)
  return (
    <Card
      title="Importance of the columns"
      actions={
        <Select
          label="Measure"
          value={measure}
          options={measures}
          onChange={name => setQuery({ importance: name === 'gain' ? null : name })}
        />
      }
    >
      <table class="importance">
        <thead class="only-heard">
          <tr>
            <th scope="col">Column</th>
            <th scope="col">{measure}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(column => (
            <tr key={column.column}>
              <th scope="row">{column.column}</th>
              <td>
                <div
                  class="importance-bar"
                  style={{ '--share': String(column[measure] / largest) }}
                >
                  <span>{formatMetric(column[measure])}</span>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > mostAtFirst && (
        <div>
          <Button onClick={() => setWhole(!isWhole)}>
            {isWhole
              ? `Only the first ${mostAtFirst}`
              : `All ${formatCount(sorted.length)} columns`}
          </Button>
        </div>
      )}
    </Card>
  )
}
