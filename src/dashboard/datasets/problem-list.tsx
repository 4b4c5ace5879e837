import { useState } from 'preact/hooks'
import type { Problem } from '../../spec/problem.js'
import { Button } from '../ui/button.js'
import { Icon } from '../ui/icon.js'
import { TableScroll } from '../ui/parts.js'

const shownAtFirst = 20

/** Why there is no data set: what is wrong and, if there are several places, each file, row or column with its reason. */
export function ProblemList({ problem }: { problem: Problem }) {
  const [isAll, setAll] = useState(false)
  const errors = problem.errors ?? []
  const shown = isAll ? errors : errors.slice(0, shownAtFirst)
  return (
    <div class="problem" role="alert">
      <Icon name="alert" />
      <div class="problem-places">
        <p>{problem.detail}</p>
        {errors.length > 0 && (
          <TableScroll label="Problems">
            <table class="table">
              <thead>
                <tr>
                  <th>Place</th>
                  <th>What is wrong</th>
                </tr>
              </thead>
              <tbody>
                {shown.map(({ path, message }) => (
                  <tr key={`${path} ${message}`}>
                    <td class="mono">{path}</td>
                    <td class="wraps">{message}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
        {shown.length < errors.length && (
          <Button onClick={() => setAll(true)}>Show all {errors.length}</Button>
        )}
        <p class="faint">{problem.code}</p>
      </div>
    </div>
  )
}
