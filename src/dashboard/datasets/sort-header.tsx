import type { ComponentChildren } from 'preact'
import { setQuery } from '../place.js'
import { Icon } from '../ui/icon.js'

interface SortHeaderProps {
  /** The field in the query `sort`. */
  name: string
  /** The present `sort`, such as `-createdAt`. */
  sort: string
  isNumber?: boolean
  children: ComponentChildren
}

/** The head of a column that sorts a list: a click sorts by it, a second one the other way round. */
export function SortHeader({ name, sort, isNumber = false, children }: SortHeaderProps) {
  const direction = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : undefined
  // numbers and times are wanted largest first, names from a on
  const isAscendingFirst = !isNumber && name !== 'createdAt'
  const next = direction ? direction === 'descending' : isAscendingFirst
  return (
    <th class={isNumber ? 'number' : ''} aria-sort={direction}>
      <button
        type="button"
        class="sort-button"
        onClick={() => setQuery({ sort: next ? name : `-${name}` })}
      >
        {children}
        {direction && <Icon name={direction === 'ascending' ? 'arrowUp' : 'arrowDown'} />}
      </button>
    </th>
  )
}
