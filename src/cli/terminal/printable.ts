// Names and logs come from clients: control characters would move the cursor or change colours.

/** The text with its control characters written out. */
export const printable = (text: string): string => text.replace(control, escaped)

/** The same for a text of several lines, which stay. */
export const printableLines = (text: string): string => text.replace(controlInLine, escaped)

// the joiners of emoji and of some scripts stay
const control = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/gu
const controlInLine = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/gu

const escaped = (character: string) => {
  const code = character.codePointAt(0)!.toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}
