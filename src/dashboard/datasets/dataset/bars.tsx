import { useState } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import { Button } from '../../ui/button.js'
import { formatPercent } from '../../ui/format.js'

export interface Bar {
  label: string
  count: number
  href?: string
}

interface BarsProps {
  /** What is counted, for those who do not see the bars. */
  label: string
  bars: readonly Bar[]
  /** Of all records; by default the sum of the bars. */
  total?: number
}

const shownAtFirst = 30

/** Counts with their names, as long as they are large. */
export function Bars({ label, bars, total }: BarsProps) {
  const [isAll, setAll] = useState(false)
  const largest = Math.max(...bars.map(({ count }) => count), 1)
  const sum = total ?? bars.reduce((all, { count }) => all + count, 0)
  const shown = isAll ? bars : bars.slice(0, shownAtFirst)
  return (
    <>
      <ul class="count-bars" aria-label={label}>
        {shown.map(({ label: name, count, href }) => (
          <li key={name}>
            <span class="count-label" title={name}>
              {href ? <a href={href}>{name}</a> : name}
            </span>
            <span class="bar" aria-hidden="true">
              <span style={{ width: `${(count / largest) * 100}%` }} />
            </span>
            <span class="number">
              {formatCount(count)}{' '}
              <span class="faint">{formatPercent(sum === 0 ? 0 : count / sum)}</span>
            </span>
          </li>
        ))}
      </ul>
      {shown.length < bars.length && (
        <div>
          <Button onClick={() => setAll(true)}>Show all {formatCount(bars.length)}</Button>
        </div>
      )}
    </>
  )
}
