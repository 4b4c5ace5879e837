import { useEffect, useRef, useState } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import type { ImagesManifest } from '../../../spec/dataset.js'
import type { ContactSheet } from '../../../spec/dataset-preview.js'
import { setQuery } from '../../place.js'
import { useResource } from '../../server/resource.js'
import { client, serverUrl } from '../../server/session.js'
import { Button } from '../../ui/button.js'
import { Select } from '../../ui/field.js'
import { Loaded, Loading } from '../../ui/load.js'
import { Empty } from '../../ui/parts.js'
import { ImageDialog } from './image-dialog.js'

const cellSizes = ['32', '48', '64', '96', '128'] as const
/** Beside the sheet: the names of classes. */
const labelsWidth = 120
/** A sheet of a narrow window scrolls in its box. */
const fewestColumns = 3
const rowsOfClass = 12
/** The rows of a sheet of all classes. */
const mostClasses = 20

interface ImagesProps {
  of: ImagesManifest
  query: URLSearchParams
}

/** The images on a contact sheet: a row for each class, or the pages of one class. */
export function Images({ of, query }: ImagesProps) {
  const chosenClass = query.get('class')
  const split = query.get('split') ?? ''
  const cell = cellSizes.find(each => each === query.get('cell')) ?? '64'
  const from = Math.max(Math.floor(Number(query.get('from')) || 0), 0)
  const image = query.get('image')
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState<number | null>(null)
  useEffect(() => setWidth(box.current!.clientWidth), [])
  const room = (width ?? 0) - (chosenClass === null ? labelsWidth : 0)
  const columns = Math.max(Math.floor(room / Number(cell)), fewestColumns)
  const parameters: [string, string][] = [
    ['columns', String(columns)],
    ['cell', cell],
    ...(chosenClass === null ? [] : ([['class', chosenClass]] as [string, string][])),
    ...(chosenClass === null ? [] : ([['rows', String(rowsOfClass)]] as [string, string][])),
    ...(split === '' ? [] : ([['split', split]] as [string, string][])),
    ...(from === 0 ? [] : ([['from', String(from)]] as [string, string][])),
  ]
  const search = new URLSearchParams(parameters).toString()
  const sheet = useResource(
    async () =>
      width === null ? null : { search, map: await client.datasets.sheetCells(of.id, parameters) },
    [of.id, search, width === null],
  )
  const [before, setBefore] = useState<readonly number[]>([])

  function show(changes: Record<string, string | null>) {
    setBefore([])
    setQuery({ ...changes, from: null })
  }
  const classes = of.labels.map((label, i) => [
    `=${label}`,
    `${label} (${formatCount(of.classCounts[i]!)})`,
  ]) as [string, string][]
  const isCut = chosenClass === null && of.labels.length > mostClasses
  return (
    <div class="stack" ref={box}>
      <div class="row">
        <Select
          label="Class"
          value={chosenClass === null ? '' : `=${chosenClass}`}
          options={[['', 'All classes'], ...classes]}
          onChange={value => show({ class: value === '' ? null : value.slice(1) })}
        />
        {of.splits && (
          <Select
            label="Split"
            value={split}
            options={[
              ['', 'All splits'],
              ...of.splits.map(({ name }) => [name, name] as [string, string]),
            ]}
            onChange={value => show({ split: value })}
          />
        )}
        <Select
          label="Size"
          value={cell}
          options={cellSizes.map(each => [each, `${each} pixels`] as const)}
          onChange={value => show({ cell: value })}
        />
        <SheetPages
          from={from}
          map={sheet.data?.map}
          isOfClass={chosenClass !== null}
          before={before}
          onTurn={(next, newBefore) => {
            setBefore(newBefore)
            setQuery({ from: next === 0 ? null : next }, { replace: false })
          }}
        />
      </div>
      {isCut && (
        <p class="soft">
          The first {mostClasses} of {formatCount(of.labels.length)} classes. Choose a class to see
          others.
        </p>
      )}
      <Loaded of={sheet} label="the images">
        {found =>
          found === null ? (
            <Loading label="the images" />
          ) : found.map.cells.length === 0 ? (
            <Empty icon="image" title="No images here">
              <Button onClick={() => show({ class: null, split: null })}>Show all</Button>
            </Empty>
          ) : (
            <Sheet
              of={of}
              map={found.map}
              url={`${serverUrl}/datasets/${of.id}/contact-sheet?${found.search}`}
              isOfClass={chosenClass !== null}
              onOpen={index => setQuery({ image: index }, { replace: false })}
            />
          )
        }
      </Loaded>
      {image !== null && (
        <ImageDialog
          of={of}
          index={Number(image)}
          around={sheet.data?.map.cells.map(({ index }) => index) ?? []}
        />
      )}
    </div>
  )
}

interface SheetPagesProps {
  from: number
  map: ContactSheet | undefined
  isOfClass: boolean
  /** Where the pages before this one began. */
  before: readonly number[]
  onTurn: (from: number, before: readonly number[]) => void
}

function SheetPages({ from, map, isOfClass, before, onTurn }: SheetPagesProps) {
  if (!isOfClass) return null
  const last = map?.cells.at(-1)
  const isFull = map !== undefined && map.cells.length === map.columns * rowsOfClass
  if (from === 0 && !isFull) return null
  return (
    <div class="row page-actions">
      <Button
        icon="back"
        disabled={from === 0}
        onClick={() => onTurn(before.at(-1) ?? 0, before.slice(0, -1))}
      >
        {before.length > 0 ? 'Previous' : 'First'}
      </Button>
      <Button disabled={!isFull} onClick={() => onTurn(last!.index + 1, [...before, from])}>
        Next
      </Button>
    </div>
  )
}

interface SheetProps {
  of: ImagesManifest
  map: ContactSheet
  url: string
  isOfClass: boolean
  onOpen: (index: number) => void
}

/** The picture of the sheet, with a button over each image. The arrow keys lead from one to the next. */
function Sheet({ of, map, url, isOfClass, onOpen }: SheetProps) {
  const [failure, setFailure] = useState<string | null>(null)
  const [focused, setFocused] = useState(0)
  const grid = useRef<HTMLDivElement>(null)
  useEffect(() => {
    setFailure(null)
    setFocused(0)
  }, [url])
  const { columns, rows, cells, cell } = map

  function onKeyDown(event: KeyboardEvent) {
    const steps: Record<string, [row: number, column: number]> = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
    }
    const step = steps[event.key]
    const now = cells[focused]
    if (!step || !now) return
    event.preventDefault()
    const next = cells.findIndex(
      ({ row, column }) => row === now.row + step[0] && column === now.column + step[1],
    )
    if (next < 0) return
    setFocused(next)
    grid.current?.querySelectorAll('button')[next]?.focus()
  }
  if (failure) return <p class="notice warning">{failure}</p>
  const shape = { '--columns': columns, '--rows': rows, '--cell': `${cell}px` }
  return (
    <div class="sheet-scroll">
      <div class="sheet-with-labels">
        {!isOfClass && (
          <ul class="sheet-labels" style={shape}>
            {Array.from({ length: rows }, (_, row) => {
              const name = cells.find(each => each.row === row)?.class ?? ''
              return (
                <li key={name} title={name}>
                  <button type="button" class="link" onClick={() => setQuery({ class: name })}>
                    {name}
                  </button>
                </li>
              )
            })}
          </ul>
        )}
        <div class="sheet" ref={grid} style={shape} onKeyDown={onKeyDown}>
          <img
            src={url}
            alt={`Images of ${of.name}`}
            width={columns * cell}
            height={rows * cell}
            onError={() =>
              setFailure('The images cannot be shown: the server is busy, or the data is damaged.')
            }
          />
          {cells.map(({ row, column, index, class: name }, i) => (
            <button
              key={index}
              type="button"
              tabIndex={i === focused ? 0 : -1}
              aria-label={`${name}, image ${index}`}
              title={`${name}, image ${index}`}
              style={{ gridRow: row + 1, gridColumn: column + 1 }}
              onFocus={() => setFocused(i)}
              onClick={() => onOpen(index)}
            />
          ))}
        </div>
      </div>
    </div>
  )
}
