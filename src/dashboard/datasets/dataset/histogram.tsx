import { formatCount } from '../../../presentation/units.js'
import type { NumericHistogram } from '../../../spec/dataset-preview.js'
import { formatMetric } from '../../ui/format.js'

const width = 240
const height = 64

/** How numbers are spread, in bins of equal width. */
export function Histogram({ of, records }: { of: NumericHistogram; records: number }) {
  const { name, counts, edges, countedRows } = of
  if (counts.length === 0) return <p class="soft">All values are missing.</p>
  const largest = Math.max(...counts, 1)
  const step = width / counts.length
  const range = (i: number) => `${formatMetric(edges[i])} to ${formatMetric(edges[i + 1])}`
  const top = counts.indexOf(Math.max(...counts))
  return (
    <figure class="histogram">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Values of ${name}; most are from ${range(top)}`}
      >
        {counts.map((count, i) => {
          const size = (count / largest) * height
          return (
            <rect
              key={edges[i]}
              x={i * step + 0.5}
              y={height - size}
              width={step - 1}
              height={size}
            >
              <title>{`${range(i)}: ${formatCount(count)}`}</title>
            </rect>
          )
        })}
      </svg>
      <figcaption>
        <span>{formatMetric(edges[0])}</span>
        {countedRows < records && <span>of {formatCount(countedRows)} rows, spread evenly</span>}
        <span>{formatMetric(edges.at(-1))}</span>
      </figcaption>
    </figure>
  )
}
