import { printable } from './printable.js'
import { textWidth } from './table.js'

/** A paragraph in lines of at most `width` characters. The first begins with `lead`, the others with as many blanks. */
export function wrap(text: string, width: number, lead = ''): string {
  const indent = ' '.repeat(textWidth(lead))
  const lines: string[] = []
  let line = lead
  let isEmpty = true
  for (const word of printable(text).split(' ')) {
    if (!isEmpty && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line)
      line = indent
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line].join('\n')
}
