import { pathTo } from '../place.js'
import { seriesColour, themeChanges } from '../ui/colours.js'
import { Status } from '../ui/status.js'
import type { Run } from './runs.js'

interface RunListProps {
  runs: readonly Run[]
  /** All ids of the comparison: a run has the colour of its place among them. */
  ids: readonly string[]
  hidden: readonly string[]
  onHide: (hidden: readonly string[]) => void
}

/** The runs with their colours. A run without its check mark is left out of curves, table and plots. */
export function RunList({ runs, ids, hidden, onHide }: RunListProps) {
  // read here, so that a change of the colours draws the list again
  themeChanges.value
  const shownCount = runs.filter(({ id }) => !hidden.includes(id)).length
  return (
    <section class="run-list" aria-label="Runs">
      <label class="checkbox">
        <input
          type="checkbox"
          checked={shownCount === runs.length}
          indeterminate={shownCount > 0 && shownCount < runs.length}
          onChange={() => onHide(shownCount === runs.length ? runs.map(({ id }) => id) : [])}
        />
        <span>
          {shownCount} of {runs.length} shown
        </span>
      </label>
      <ul>
        {runs.map(({ id, job }) => {
          const isHidden = hidden.includes(id)
          return (
            <li key={id} class={isHidden ? 'is-hidden' : ''}>
              <input
                type="checkbox"
                aria-label={`Show ${job!.name}`}
                checked={!isHidden}
                onChange={() =>
                  onHide(isHidden ? hidden.filter(each => each !== id) : [...hidden, id])
                }
              />
              <span class="swatch" style={{ color: seriesColour(ids.indexOf(id)) }} />
              <a href={`#${pathTo('jobs', id)}`} title={job!.name}>
                {job!.name}
              </a>
              {job!.status !== 'succeeded' && (
                <Status status={job!.status} requested={job!.requested} />
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}
