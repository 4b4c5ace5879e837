import { useEffect, useMemo } from 'preact/hooks'
import { nameChoicesInAddress } from '../charts/chart-choices.js'
import { place, placeUrl, setQuery } from '../place.js'
import { LinkButton } from '../ui/button.js'
import { Loaded, Loading } from '../ui/load.js'
import { Empty, Page } from '../ui/parts.js'
import { Tabs } from '../ui/tabs.js'
import type { ViewProps } from '../view.js'
import { CurvesPart } from './curves-part.js'
import { listIn } from './list-in.js'
import { PlotsPart } from './plots-part.js'
import { RunList } from './run-list.js'
import { useRuns } from './runs.js'
import { SettingsTable } from './settings-table.js'

const parts = { curves: 'Curves', table: 'Table', plots: 'Plots' } as const

/** Compares jobs: their curves, the settings that differ, and how results depend on them. */
export default function CompareView({ query }: ViewProps) {
  const listed = listIn(query, 'jobs')
  const ids = useMemo(() => [...new Set(listed)], [listed.join()])
  const hidden = listIn(query, 'hidden')
  const part = query.get('part') ?? 'curves'
  const { runs, jobs } = useRuns(ids, part === 'table' || part === 'plots')
  useEffect(nameChoicesInAddress, [])
  // these are the same lists as long as they have the same runs: other ones would be drawn again
  const found = useMemo(() => runs.data?.filter(({ job }) => job) ?? [], [runs.data])
  const shown = useMemo(
    () => found.filter(({ id }) => !hidden.includes(id)),
    [found, hidden.join()],
  )
  const whole = useMemo(
    () =>
      shown.flatMap(({ id }) => {
        const job = jobs.data?.get(id)
        return job ? [{ id, job }] : []
      }),
    [shown, jobs.data],
  )
  return (
    <Page
      title="Compare"
      back={{ href: '#/jobs', label: 'Back to the jobs' }}
      beside={<span class="faint">{ids.length} jobs</span>}
    >
      {ids.length === 0 ? (
        <Empty icon="chart" title="No jobs to compare">
          <p>Select jobs in the table, then choose Compare.</p>
          <LinkButton href="#/jobs">Go to the jobs</LinkButton>
        </Empty>
      ) : (
        <Loaded of={runs} label="the jobs">
          {all => {
            const missing = all.length - found.length
            return (
              <div class="compare">
                <RunList
                  runs={found}
                  ids={ids}
                  hidden={hidden}
                  onHide={next => setQuery({ hidden: next.join(',') })}
                />
                <div class="compare-content">
                  {missing > 0 && (
                    <p class="soft">
                      {missing === 1 ? 'One of the jobs is' : `${missing} of the jobs are`} not
                      there any more.
                    </p>
                  )}
                  <Tabs
                    label="Parts of the comparison"
                    current={part}
                    tabs={Object.entries(parts).map(([name, title]) => ({
                      ...{ name, title },
                      href: placeUrl('/compare', { ...sameQuery(), part: name }),
                    }))}
                  />
                  {part !== 'table' && part !== 'plots' ? (
                    <CurvesPart runs={shown} ids={ids} query={query} />
                  ) : (
                    <Loaded of={jobs} label="the settings">
                      {settings =>
                        settings === null ? (
                          <Loading label="the settings" />
                        ) : part === 'table' ? (
                          <SettingsTable runs={whole} ids={ids} query={query} />
                        ) : (
                          <PlotsPart runs={whole} ids={ids} query={query} />
                        )
                      }
                    </Loaded>
                  )}
                </div>
              </div>
            )
          }}
        </Loaded>
      )}
    </Page>
  )
}

const sameQuery = () => Object.fromEntries(place.value.query)
