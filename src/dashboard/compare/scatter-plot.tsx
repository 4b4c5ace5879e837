import { useState } from 'preact/hooks'
import { goTo, pathTo } from '../place.js'
import { seriesColour, themeChanges } from '../ui/colours.js'
import { axisScale } from './axis-scale.js'
import { usePlotWidth } from './plot-width.js'
import type { WholeRun } from './runs.js'
import type { Dimension } from './settings.js'
import { formatValue, titleOf } from './settings-table.js'
import { ValueTable } from './value-table.js'

const height = 300
const edge = { left: 70, right: 20, top: 14, bottom: 46 }

interface ScatterPlotProps {
  runs: readonly WholeRun[]
  ids: readonly string[]
  x: Dimension
  y: Dimension
}

/** A point for each run that has both values. A click on a point leads to the run. */
export function ScatterPlot({ runs, ids, x, y }: ScatterPlotProps) {
  const [holder, width] = usePlotWidth()
  const [pointed, setPointed] = useState<string | null>(null)
  // read here, so that a change of the colours draws the points again
  themeChanges.value
  const xScale = axisScale(runs.map(({ id }) => x.values.get(id)))
  const yScale = axisScale(runs.map(({ id }) => y.values.get(id)))
  const xOf = (place: number) => edge.left + place * (width - edge.left - edge.right)
  const yOf = (place: number) => height - edge.bottom - place * (height - edge.top - edge.bottom)
  const points = runs.flatMap(({ id, job }) => {
    const [across, up] = [xScale.place(x.values.get(id)), yScale.place(y.values.get(id))]
    return across === null || up === null ? [] : [{ id, name: job.name, across, up }]
  })
  const run = runs.find(({ id }) => id === pointed)
  return (
    <figure class="plot" ref={holder}>
      <svg width={width} height={height} aria-hidden="true">
        {xScale.ticks.map(({ place, text }) => (
          <g key={text}>
            <line class="grid-line" x1={xOf(place)} x2={xOf(place)} y1={yOf(0)} y2={yOf(1)} />
            <text class="tick" x={xOf(place)} y={height - edge.bottom + 18} text-anchor="middle">
              {text}
            </text>
          </g>
        ))}
        {yScale.ticks.map(({ place, text }) => (
          <g key={text}>
            <line class="grid-line" x1={xOf(0)} x2={xOf(1)} y1={yOf(place)} y2={yOf(place)} />
            <text class="tick" x={edge.left - 8} y={yOf(place) + 4} text-anchor="end">
              {text}
            </text>
          </g>
        ))}
        <text class="axis-title" x={xOf(0.5)} y={height - 6} text-anchor="middle">
          {titleOf(x.id)}
          {xScale.isLog ? ' (log)' : ''}
        </text>
        {points.map(({ id, name, across, up }) => (
          <circle
            key={id}
            class="run-point"
            cx={xOf(across)}
            cy={yOf(up)}
            r={id === pointed ? 7 : 5}
            fill={seriesColour(ids.indexOf(id))}
            onPointerEnter={() => setPointed(id)}
            onPointerLeave={() => setPointed(null)}
            onClick={() => goTo(`#${pathTo('jobs', id)}`)}
          >
            <title>{name}</title>
          </circle>
        ))}
      </svg>
      <p class="plot-values" aria-hidden="true">
        {run ? (
          <>
            <b>{run.job.name}</b>
            <span>
              {titleOf(x.id)} {formatValue(x.values.get(run.id))}
            </span>
            <span>
              {titleOf(y.id)} {formatValue(y.values.get(run.id))}
            </span>
          </>
        ) : (
          <span class="faint">
            Point at a run to see its values.
            {points.length < runs.length &&
              ` ${runs.length - points.length} of ${runs.length} runs lack one and are not shown.`}
          </span>
        )}
      </p>
      <ValueTable title={titleOf(y.id)} runs={runs} dimensions={[x, y]} />
    </figure>
  )
}
