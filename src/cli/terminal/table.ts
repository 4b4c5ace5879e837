import { printable } from './printable.js'

/** A column of a table. */
export interface Column<T> {
  title: string
  value: (item: T) => string
  /** Numbers stand at the right. */
  align?: 'right'
  /** The colour of a cell, which may depend on its item. */
  style?: (item: T, text: string) => string
  /** Left out first where the table is wider than the terminal: the highest number goes first. By default it stays. */
  rank?: number
}

const gap = 2
/** A column that is cut keeps as much. */
const leastWidth = 8

/**
 * A table for a person, at most `width` characters wide: first columns of the lowest importance are left out, then the
 * widest is cut. `bold` styles the head.
 */
export function table<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  width: number,
  bold: (text: string) => string,
): string {
  type Shown = { column: Column<T>; cells: string[]; width: number }
  let shown: Shown[] = columns.map(column => {
    const cells = items.map(item => printable(column.value(item)))
    return { column, cells, width: Math.max(...[column.title, ...cells].map(textWidth)) }
  })
  const total = () => shown.reduce((sum, each) => sum + each.width + gap, -gap)
  while (total() > width) {
    const least = shown.reduce((a, b) => ((b.column.rank ?? 0) > (a.column.rank ?? 0) ? b : a))
    if (least.column.rank === undefined) break
    shown = shown.filter(each => each !== least)
  }
  while (total() > width) {
    const widest = shown.reduce((a, b) => (b.width > a.width ? b : a))
    if (widest.width <= leastWidth) break
    widest.width -= Math.min(total() - width, widest.width - leastWidth)
  }
  const line = (cellOf: (each: Shown) => string, paint: (each: Shown, text: string) => string) =>
    shown
      .map((each, i) => {
        const isLast = i === shown.length - 1
        const cell = padded(cut(cellOf(each), each.width), each.width, each.column.align)
        return paint(each, isLast ? cell.trimEnd() : cell)
      })
      .join(' '.repeat(gap))
      .trimEnd()
  return [
    bold(
      line(
        ({ column }) => column.title,
        (_, text) => text,
      ),
    ),
    ...items.map((item, i) =>
      line(
        ({ cells }) => cells[i]!,
        ({ column }, text) => column.style?.(item, text) ?? text,
      ),
    ),
  ].join('\n')
}

function padded(text: string, width: number, align: 'right' | undefined): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)))
  return align === 'right' ? space + text : text + space
}

/** The text, or its beginning that takes at most `width` cells. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let kept = ''
  for (const { segment } of graphemes.segment(text)) {
    if (textWidth(kept + segment) > width - 1) break
    kept += segment
  }
  return `${kept}…`
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Cells of a terminal that a text takes: two for East Asian wide characters and emoji (Unicode TR 11). */
export function textWidth(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
