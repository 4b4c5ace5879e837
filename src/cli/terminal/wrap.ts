import { printable } from './printable.js'
import { textWidth } from './table.js'

/** A paragraph in lines of at most `width` characters. The first begins with `lead`, the others with as many blanks. */
export function wrap(text: string, width: number, lead = ''): string {
  const indent = ' '.repeat(textWidth(lead))
  return wrapWords(text, width - indent.length)
    .map((line, i) => (i === 0 ? lead : indent) + line)
    .join('\n')
}

/** The lines of a text that may have several paragraphs. */
export const wrapLines = (text: string, width: number): string[] =>
  text.split('\n').flatMap(line => wrapWords(line, width))

/** A word that is longer than a line stays whole, so that ids can be copied. */
function wrapWords(text: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of printable(text).split(' ')) {
    if (current !== '' && textWidth(current) + 1 + textWidth(word) > width) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}
