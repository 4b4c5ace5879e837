import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { colour, seriesColour, themeChanges } from './colours.js'
import { formatMetric } from './format.js'

export interface Series {
  /** Stays the same while its values grow. */
  key: string
  label: string
  /** Index into the colours of series; by default the place of the series in the list. */
  colour?: number
  isDashed?: boolean
  /** A pale line, such as the measured values behind the smoothed ones. */
  isFaint?: boolean
  /** Only its entry in the legend is shown. */
  isHidden?: boolean
  /** Increasing. */
  x: readonly number[]
  /** Of the same length; null where there is none or it is not finite. */
  y: readonly (number | null)[]
}

/** A vertical line at a place of the x axis, such as a checkpoint. */
export interface Mark {
  x: number
  label: string
  tone?: 'neutral' | 'danger'
}

interface LineChartProps {
  title: string
  series: readonly Series[]
  marks?: readonly Mark[]
  height?: number
  isLogX?: boolean
  isLogY?: boolean
  /** How a value of x is written. */
  formatX?: (x: number) => string
  formatY?: (y: number) => string
  /** A click on a curve, such as to go to its job. */
  onSelect?: (key: string) => void
  /** A click on the entry of a curve in the legend. */
  onToggle?: (key: string) => void
  /** The part of the x axis that is shown; all of it without one. */
  range?: readonly [min: number, max: number] | null
  /** Someone has chosen a part of the x axis by dragging, or all of it by a double click: null. */
  onZoom?: (range: readonly [min: number, max: number] | null) => void
  /** Charts with the same name show the cursor at the same x. */
  syncKey?: string
}

const noMarks: readonly Mark[] = []

/**
 * Curves over a common x axis. Drag to zoom, double-click to see all again. The values at the cursor stand below the
 * chart; a table of the last, lowest and highest values serves those who do not see it.
 */
export function LineChart(props: LineChartProps) {
  const { title, series, marks = noMarks, height = 220, isLogX, isLogY, syncKey } = props
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(props)
  latest.current = props
  const [cursor, setCursor] = useState<number | null>(null)
  const theme = themeChanges.value

  const data = useMemo(() => alignedData(series), [series])
  const shape = series
    .map(each => [each.key, each.label, each.isDashed, each.isFaint, each.isHidden].join(' '))
    .join('\n')

  // the plot is made anew if its curves or axes are others; values alone are set below
  useLayoutEffect(() => {
    const element = holder.current!
    let width = Math.max(element.clientWidth, 100)
    const made = new uPlot(
      {
        width,
        height,
        // room for half of the last label of the x axis, such as 1,000,000
        padding: [null, 32, null, null],
        legend: { show: false },
        cursor: {
          y: false,
          focus: { prox: 16 },
          points: { size: 6 },
          ...(syncKey && { sync: { key: syncKey, setSeries: false } }),
        },
        focus: { alpha: 0.35 },
        scales: {
          x: { time: false, distr: isLogX ? 3 : 1 },
          y: { distr: isLogY ? 3 : 1, range: isLogY ? logRange : linearRange },
        },
        axes: [
          {
            ...axis(value => latest.current.formatX?.(value) ?? formatMetric(value)),
            size: 32,
          },
          {
            ...axis(value => latest.current.formatY?.(value) ?? formatMetric(value)),
            // the same for all short labels, so that charts below each other are aligned
            size: (_, labels) =>
              Math.max(64, ...(labels ?? []).map(({ length }) => 18 + 7 * length)),
          },
        ],
        series: [
          {},
          ...series.map((each, i) => ({
            label: each.label,
            stroke: seriesColour(each.colour ?? i, each.isFaint ? 0.3 : 1),
            width: each.isFaint ? 1 : 1.75,
            spanGaps: true,
            show: !each.isHidden,
            points: { show: each.x.length === 1 },
            ...(each.isDashed && { dash: [6, 4] }),
          })),
        ],
        hooks: {
          draw: [u => drawMarks(u, latest.current.marks ?? [])],
          setCursor: [u => setCursor(u.cursor.idx ?? null)],
          setSelect: [
            ({ select, posToVal }) => {
              if (select.width === 0) return
              const ends = [posToVal(select.left, 'x'), posToVal(select.left + select.width, 'x')]
              latest.current.onZoom?.([ends[0]!, ends[1]!])
            },
          ],
        },
      },
      data,
      element,
    )
    plot.current = made
    const { range } = latest.current
    if (range) made.setScale('x', { min: range[0], max: range[1] })
    made.over.addEventListener('dblclick', () => latest.current.onZoom?.(null))
    made.over.addEventListener('click', () => {
      const focused = made.series.findIndex((each, i) => i > 0 && each.show && isFocused(each))
      const key = latest.current.series[focused - 1]?.key
      if (key !== undefined) latest.current.onSelect?.(key)
    })
    const observer = new ResizeObserver(() => {
      // it also calls at its start
      if (element.clientWidth === 0 || element.clientWidth === width) return
      width = element.clientWidth
      made.setSize({ width, height })
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [shape, height, isLogX, isLogY, syncKey, theme])

  useEffect(() => {
    const made = plot.current
    if (!made || made.data === data) return
    const { min, max } = made.scales.x!
    const before = made.data[0]!
    // a plot that is new has no range yet
    const isZoomed =
      !!latest.current.range ||
      (typeof min === 'number' &&
        typeof max === 'number' &&
        before.length > 0 &&
        (min > before[0]! || max < before.at(-1)!))
    made.setData(data, !isZoomed)
    if (isZoomed) made.redraw()
  }, [data])
  const [from, to] = props.range ?? []
  const wasZoomed = useRef(false)
  useEffect(() => {
    const x = plot.current?.data[0]
    const isZoomed = from !== undefined
    if (x && x.length > 0 && (isZoomed || wasZoomed.current)) {
      plot.current!.setScale('x', { min: from ?? x[0]!, max: to ?? x.at(-1)! })
    }
    wasZoomed.current = isZoomed
  }, [from, to])
  const drawnMarks = useRef(marks)
  useEffect(() => {
    // a new plot has drawn its marks
    if (drawnMarks.current === marks) return
    drawnMarks.current = marks
    // paths stay: to build them takes the range of x, which a new plot does not have yet
    plot.current?.redraw(false)
  }, [marks])

  const x = cursor === null ? null : (data[0]![cursor] ?? null)
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={holder} class="chart-plot" style={{ height: `${height}px` }} aria-hidden="true" />
      <ul class="chart-legend">
        {series.map(
          (each, i) =>
            !each.isFaint && (
              <li key={each.key}>
                <LegendName
                  series={each}
                  colour={seriesColour(each.colour ?? i)}
                  onToggle={props.onToggle}
                />{' '}
                <output>
                  {(props.formatY ?? formatMetric)(valueNear(each, x) ?? Number.NaN).replace(
                    'NaN',
                    '–',
                  )}
                </output>
              </li>
            ),
        )}
        {x !== null && <li class="chart-mark">{marksNear(plot.current, marks).join(', ')}</li>}
        {x !== null && <li class="chart-x">{props.formatX?.(x) ?? formatMetric(x)}</li>}
      </ul>
      <ValueTable {...props} />
    </figure>
  )
}

interface LegendNameProps {
  series: Series
  colour: string
  onToggle: ((key: string) => void) | undefined
}

function LegendName({ series, colour: stroke, onToggle }: LegendNameProps) {
  const { key, label, isDashed, isHidden } = series
  const name = (
    <>
      <span class={`swatch ${isDashed ? 'dashed' : ''}`} style={{ color: stroke }} />
      {label}
    </>
  )
  if (!onToggle) return name
  return (
    <button
      type="button"
      class="legend-toggle"
      aria-pressed={!isHidden}
      title={isHidden ? 'Show this curve' : 'Hide this curve'}
      onClick={() => onToggle(key)}
    >
      {name}
    </button>
  )
}

/** Not in uPlot's types: whether the curve is the one nearest to the cursor. */
const isFocused = (series: uPlot.Series) => (series as { _focus?: boolean | null })._focus === true

const ValueTable = ({ title, series, formatY = formatMetric }: LineChartProps) => (
  <table class="only-heard">
    <caption>{title}</caption>
    <thead>
      <tr>
        <th scope="col">curve</th>
        <th scope="col">last</th>
        <th scope="col">lowest</th>
        <th scope="col">highest</th>
      </tr>
    </thead>
    <tbody>
      {series.map(({ key, label, y }) => {
        const values = y.filter(value => value !== null)
        const show = (value: number | undefined) => (value === undefined ? '–' : formatY(value))
        return (
          <tr key={key}>
            <th scope="row">{label}</th>
            <td>{show(values.at(-1))}</td>
            <td>{show(values.length ? values.reduce((a, b) => Math.min(a, b)) : undefined)}</td>
            <td>{show(values.length ? values.reduce((a, b) => Math.max(a, b)) : undefined)}</td>
          </tr>
        )
      })}
    </tbody>
  </table>
)

/** One column of x for all curves, as uPlot needs it. */
function alignedData(series: readonly Series[]): uPlot.AlignedData {
  if (series.length === 0) return [[]]
  const [first] = series
  if (series.every(({ x }) => x === first!.x)) {
    return [[...first!.x], ...series.map(({ y }) => [...y])] as uPlot.AlignedData
  }
  return uPlot.join(series.map(({ x, y }) => [[...x], [...y]] as uPlot.AlignedData))
}

/** The last value at or before x; the last of all without x. */
function valueNear({ x, y }: Series, at: number | null): number | null {
  let i = x.length - 1
  if (at !== null) {
    let low = 0
    while (low <= i) {
      const middle = (low + i) >> 1
      if (x[middle]! <= at) low = middle + 1
      else i = middle - 1
    }
  }
  while (i >= 0 && y[i] === null) i -= 1
  return y[i] ?? null
}

const axis = (format: (value: number) => string): uPlot.Axis => ({
  stroke: () => colour('--text-faint'),
  grid: { stroke: () => colour('--line'), width: 1 },
  ticks: { stroke: () => colour('--line'), width: 1, size: 4 },
  font: '11px system-ui, sans-serif',
  values: (_plot, splits) => splits.map(value => (value === null ? '' : format(value))),
})

const linearRange: uPlot.Range.Function = (_plot, min, max) => {
  if (min === null || max === null) return [0, 1]
  const space = (max - min || Math.abs(max) || 1) * 0.05
  return [min - space, max + space]
}

/** A logarithmic axis has no zero and nothing below it. */
const logRange: uPlot.Range.Function = (_plot, min, max) =>
  min === null || max === null || max <= 0
    ? [0.1, 1]
    : [Math.max(min, max * 1e-12) * 0.9, max * 1.1]

/** How near to the cursor a mark is named. */
const markPixels = 6

function marksNear(plot: uPlot | null, marks: readonly Mark[]): string[] {
  const left = plot?.cursor.left ?? -1
  if (!plot || left < 0) return []
  return marks
    .filter(({ x }) => Math.abs(plot.valToPos(x, 'x') - left) <= markPixels)
    .map(({ label }) => label)
}

function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = plot
  ctx.save()
  for (const { x, tone } of marks) {
    const left = plot.valToPos(x, 'x', true)
    if (left < bbox.left || left > bbox.left + bbox.width) continue
    ctx.strokeStyle = colour(tone === 'danger' ? '--danger' : '--text-faint')
    ctx.globalAlpha = tone === 'danger' ? 0.8 : 0.45
    ctx.setLineDash([3, 3])
    ctx.beginPath()
    ctx.moveTo(left, bbox.top)
    ctx.lineTo(left, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}
