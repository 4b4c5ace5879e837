import { useRef } from 'preact/hooks'
import { Icon } from '../ui/icon.js'
import { type Column, type ColumnChoice, columnOf, moved, smallestWidth } from './columns.js'
import { type SortKey, setColumns, setSort } from './list-state.js'

const stepWidth = 20

interface ColumnHeaderProps {
  choices: readonly ColumnChoice[]
  index: number
  sort: readonly SortKey[]
}

/**
 * The title of a column. A click sorts by it, with Shift beside the columns before; dragging it or Alt with an arrow
 * key moves it; its right edge or, with the focus there, an arrow key sets its width.
 */
export function ColumnHeader({ choices, index, sort }: ColumnHeaderProps) {
  const { id, width } = choices[index]!
  const column = columnOf(id)!
  const element = useRef<HTMLTableCellElement>(null)
  const place = sort.findIndex(({ name }) => name === column.sort)
  const key = place < 0 ? null : sort[place]!

  const setWidth = (pixels: number) =>
    setColumns(
      choices.map((each, i) =>
        i === index ? { id, width: Math.max(smallestWidth, Math.round(pixels)) } : each,
      ),
    )
  function startResize(event: PointerEvent) {
    event.preventDefault()
    const handle = event.currentTarget as HTMLElement
    const before = element.current!.offsetWidth
    const startX = event.clientX
    handle.setPointerCapture(event.pointerId)
    handle.onpointermove = ({ clientX }) => setWidth(before + clientX - startX)
    handle.onpointerup = () => {
      handle.onpointermove = null
      handle.onpointerup = null
    }
  }
  function onKeyDown(event: KeyboardEvent) {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!direction || !event.altKey) return
    event.preventDefault()
    setColumns(moved(choices, index, index + direction))
  }
  return (
    <th
      ref={element}
      scope="col"
      class={column.isNumber ? 'number' : ''}
      aria-sort={key ? (key.isDescending ? 'descending' : 'ascending') : undefined}
      onDragOver={event => event.dataTransfer?.types.includes(dragType) && event.preventDefault()}
      onDrop={event => {
        const from = choices.findIndex(each => each.id === event.dataTransfer?.getData(dragType))
        if (from >= 0) setColumns(moved(choices, from, index))
        event.preventDefault()
      }}
    >
      <button
        type="button"
        class="column-title"
        draggable
        title={titleOf(column)}
        onDragStart={event => event.dataTransfer?.setData(dragType, id)}
        onKeyDown={onKeyDown}
        onClick={event => column.sort && setSort(nextSort(sort, column, event.shiftKey))}
      >
        <span>{column.title}</span>
        {column.note && <small>{column.note}</small>}
        {key && <Icon name={key.isDescending ? 'arrowDown' : 'arrowUp'} />}
        {key && sort.length > 1 && <small>{place + 1}</small>}
      </button>
      <span
        class="column-edge"
        role="separator"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label={`Width of ${column.title}`}
        aria-valuenow={width ?? column.width}
        onPointerDown={startResize}
        onKeyDown={({ key: pressed }) => {
          const change = { ArrowLeft: -stepWidth, ArrowRight: stepWidth }[pressed]
          if (change) setWidth((width ?? column.width) + change)
        }}
      />
    </th>
  )
}

const dragType = 'application/x-trainyard-column'

const titleOf = ({ title, note, sort }: Column) =>
  `${title}${note ? ` (${note})` : ''}${sort ? '. Click to sort, with Shift to sort by it too' : ''}. Drag or Alt with an arrow key to move`

/** A column goes from its first direction to the other one, then out of the order. */
export function nextSort(
  sort: readonly SortKey[],
  { sort: name, isHighestFirst = false }: Pick<Column, 'sort' | 'isHighestFirst'>,
  isAdded: boolean,
): SortKey[] {
  const known = sort.find(key => key.name === name)
  const next =
    known === undefined
      ? { name: name!, isDescending: isHighestFirst }
      : known.isDescending === isHighestFirst
        ? { name: name!, isDescending: !isHighestFirst }
        : null
  if (!isAdded) return next ? [next] : []
  if (known === undefined) return next ? [...sort, next] : [...sort]
  return sort.flatMap(key => (key === known ? (next ? [next] : []) : [key]))
}
