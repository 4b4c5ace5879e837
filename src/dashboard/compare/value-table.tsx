import type { WholeRun } from './runs.js'
import type { Dimension } from './settings.js'
import { formatValue, titleOf } from './settings-table.js'

interface ValueTableProps {
  title: string
  runs: readonly WholeRun[]
  dimensions: readonly Dimension[]
}

/** The values of a plot for those who do not see it. */
export const ValueTable = ({ title, runs, dimensions }: ValueTableProps) => (
  // a table alone would be as wide as its content, and the page with it
  <div class="only-heard">
    <table>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Run</th>
          {dimensions.map(({ id }) => (
            <th key={id} scope="col">
              {titleOf(id)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {runs.map(({ id, job }) => (
          <tr key={id}>
            <th scope="row">{job.name}</th>
            {dimensions.map(dimension => (
              <td key={dimension.id}>{formatValue(dimension.values.get(id))}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)
