import { useState } from 'preact/hooks'
import { goTo, pathTo } from '../place.js'
import { seriesColour, themeChanges } from '../ui/colours.js'
import { axisScale } from './axis-scale.js'
import { usePlotWidth } from './plot-width.js'
import type { WholeRun } from './runs.js'
import type { Dimension } from './settings.js'
import { formatValue, titleOf } from './settings-table.js'
import { ValueTable } from './value-table.js'

const height = 280
const top = 34
const bottom = 14
const side = 70
const leastAxisWidth = 130

interface ParallelCoordinatesProps {
  runs: readonly WholeRun[]
  ids: readonly string[]
  axes: readonly Dimension[]
}

/** A line for each run through its values on all axes. A click on a line leads to the run. */
export function ParallelCoordinates({ runs, ids, axes }: ParallelCoordinatesProps) {
  const [holder, available] = usePlotWidth()
  const [pointed, setPointed] = useState<string | null>(null)
  // read here, so that a change of the colours draws the lines again
  themeChanges.value
  const width = Math.max(available, axes.length * leastAxisWidth)
  const scales = axes.map(({ values }) => axisScale(runs.map(({ id }) => values.get(id))))
  const xOf = (index: number) =>
    axes.length < 2 ? width / 2 : side + (index * (width - 2 * side)) / (axes.length - 1)
  const yOf = (place: number) => height - bottom - place * (height - top - bottom)
  function pathOf(id: string): string {
    let path = ''
    let isGap = true
    for (const [index, { values }] of axes.entries()) {
      const place = scales[index]!.place(values.get(id))
      // a run without a value on an axis has a gap there
      if (place !== null) {
        path += `${isGap ? 'M' : 'L'}${xOf(index).toFixed(1)},${yOf(place).toFixed(1)}`
      }
      isGap = place === null
    }
    return path
  }
  const run = runs.find(({ id }) => id === pointed)
  return (
    <figure class="plot" ref={holder}>
      <div class="plot-scroll">
        <svg width={width} height={height} aria-hidden="true">
          {axes.map(({ id }, index) => (
            <g key={id}>
              <text class="axis-title" x={xOf(index)} y={14} text-anchor="middle">
                {truncated(shortTitle(id))}
                <title>
                  {titleOf(id)}
                  {scales[index]!.isLog ? ' (logarithmic)' : ''}
                </title>
              </text>
              <line class="axis" x1={xOf(index)} x2={xOf(index)} y1={yOf(0)} y2={yOf(1)} />
              {scales[index]!.ticks.map(({ place, text }) => (
                <text key={text} class="tick" x={xOf(index) + 5} y={yOf(place) + 4}>
                  {truncated(text)}
                </text>
              ))}
            </g>
          ))}
          {runs.map(({ id, job }) => (
            <g
              key={id}
              class={`run-line ${pointed === null || pointed === id ? '' : 'is-faint'}`}
              onPointerEnter={() => setPointed(id)}
              onPointerLeave={() => setPointed(null)}
              onClick={() => goTo(`#${pathTo('jobs', id)}`)}
            >
              <title>{job.name}</title>
              <path class="hit" d={pathOf(id)} />
              <path d={pathOf(id)} stroke={seriesColour(ids.indexOf(id))} />
            </g>
          ))}
        </svg>
      </div>
      <p class="plot-values" aria-hidden="true">
        {run ? (
          <>
            <b>{run.job.name}</b>
            {axes.map(({ id, values }) => (
              <span key={id}>
                {shortTitle(id)} {formatValue(values.get(run.id))}
              </span>
            ))}
          </>
        ) : (
          <span class="faint">Point at a line to see its run.</span>
        )}
      </p>
      <ValueTable title="Settings and results of the runs" runs={runs} dimensions={axes} />
    </figure>
  )
}

const longestText = 18
const truncated = (text: string) =>
  text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text

/** The end of a long name tells more: `training.learningRate.peak` → `learningRate.peak`. */
const shortTitle = (id: string) => titleOf(id).replace(/^(training|model|labels)\./, '')
