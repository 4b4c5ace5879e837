import { textWidth } from './table.js'
import { wrapLines } from './wrap.js'

/** A name and its value, which may have several lines and a colour. */
export type Row = readonly [name: string, value: string, paint?: (text: string) => string]

/** Names and values in two columns, wrapped at spaces to `width`. `paintName` styles the names. */
export function rowsText(
  rows: readonly Row[],
  width: number,
  paintName: (name: string) => string,
): string {
  const nameWidth = Math.max(0, ...rows.map(([name]) => textWidth(name)))
  const valueWidth = Math.max(16, width - nameWidth - 2)
  return rows
    .flatMap(([name, value, paint = (text: string) => text]) =>
      wrapLines(value, valueWidth).map((line, i) => {
        const head = i === 0 ? name : ''
        const space = ' '.repeat(nameWidth + 2 - textWidth(head))
        return `${head === '' ? '' : paintName(head)}${space}${paint(line)}`
      }),
    )
    .join('\n')
}
