import { useMemo } from 'preact/hooks'
import { groupMetrics, type MetricGroup } from '../../presentation/metric-groups.js'
import { chartChoices } from '../charts/chart-choices.js'
import { ChartControls } from '../charts/chart-controls.js'
import { countNonFinite, curveOf } from '../charts/curves.js'
import { formatX, runOf } from '../charts/x-axis.js'
import { goTo, pathTo, setQuery } from '../place.js'
import { LineChart } from '../ui/line-chart.js'
import { Empty } from '../ui/parts.js'
import { listIn } from './list-in.js'
import type { Run } from './runs.js'

interface CurvesPartProps {
  runs: readonly Run[]
  ids: readonly string[]
  query: URLSearchParams
}

/** A chart for each metric, with the curves of all runs. A click on a curve leads to its run. */
export function CurvesPart({ runs, ids, query }: CurvesPartProps) {
  const groups = groupMetrics(runs.flatMap(({ points }) => Object.keys(points)))
  const hidden = listIn(query, 'without')
  if (groups.length === 0) {
    return (
      <Empty icon="chart" title="No curves yet">
        <p>The shown runs have measured nothing so far.</p>
      </Empty>
    )
  }
  return (
    <>
      <ChartControls>
        <span class="chart-control" role="group" aria-label="Metrics">
          {groups.map(({ name, title }) => {
            const isHidden = hidden.includes(name)
            return (
              <button
                key={name}
                type="button"
                class="toggle"
                aria-pressed={!isHidden}
                onClick={() =>
                  setQuery({
                    without: (isHidden
                      ? hidden.filter(each => each !== name)
                      : [...hidden, name]
                    ).join(','),
                  })
                }
              >
                {title}
              </button>
            )
          })}
        </span>
      </ChartControls>
      <div class="compare-charts">
        {groups
          .filter(({ name }) => !hidden.includes(name))
          .map(group => (
            <GroupChart key={group.name} group={group} runs={runs} ids={ids} />
          ))}
      </div>
    </>
  )
}

interface GroupChartProps {
  group: MetricGroup
  runs: readonly Run[]
  ids: readonly string[]
}

function GroupChart({ group, runs, ids }: GroupChartProps) {
  const choices = chartChoices()
  const { x, smoothing, isLogX, isLogY } = choices
  const isMixed = new Set(group.metrics.map(({ isValidation }) => isValidation)).size > 1
  const series = useMemo(
    () =>
      runs.flatMap(({ id, job, points }) =>
        group.metrics.flatMap(({ name, isValidation }) => {
          const measured = points[name]
          if (!measured || measured.length === 0) return []
          const style = {
            key: `${id} ${name}`,
            label: group.metrics.length === 1 ? job!.name : `${job!.name} ${shortName(name)}`,
            colour: ids.indexOf(id),
            isDashed: isMixed && isValidation,
          }
          return curveOf(style, measured, runOf(job!), choices)
        }),
      ),
    [runs, ids, group.metrics.map(({ name }) => name).join(), x, smoothing, isLogX, isLogY],
  )
  const nonFinite = runs.reduce(
    (sum, { points }) =>
      sum + group.metrics.reduce((all, { name }) => all + countNonFinite(points[name] ?? []), 0),
    0,
  )
  return (
    <div class="card">
      <LineChart
        title={group.title}
        series={series}
        height={260}
        isLogX={isLogX}
        isLogY={isLogY}
        formatX={formatX(x)}
        syncKey="compare"
        onSelect={key => goTo(`#${pathTo('jobs', key.split(' ')[0]!)}`)}
      />
      {isMixed && <p class="faint">Dashed curves are measured on validation data.</p>}
      {nonFinite > 0 && (
        <p class="soft">
          {nonFinite === 1 ? 'One value is' : `${nonFinite} values are`} NaN or infinite, and not
          drawn.
        </p>
      )}
    </div>
  )
}

/** Within a chart, the set tells the curves of a run apart. */
const shortName = (name: string) => {
  const isValidation = name.startsWith('validation')
  return name.includes('Top5') ? 'validation top-5' : isValidation ? 'validation' : 'training'
}
