/** What makes JSON slow to parse, beside its bytes. Names and numbers of a flat list do not. */
export interface JsonSize {
  /** Levels of nesting. */
  depth: number
  /** Objects, arrays and fields. */
  parts: number
}

const quote = 34
const backslash = 92
const colon = 58
const openBracket = 91
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

/**
 * Measures JSON without parsing it, in one pass. V8 takes 100 ms for a mebibyte of brackets, and ten times
 * less for the same bytes of numbers. Stops as soon as a measure is beyond `limits`. The text may be
 * malformed.
 */
export function measureJson(text: string, limits: JsonSize): JsonSize {
  let depth = 0
  const size = { depth: 0, parts: 0 }
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === quote) {
      for (i++; i < text.length; i++) {
        const inString = text.charCodeAt(i)
        if (inString === backslash) i++
        else if (inString === quote) break
      }
    } else if (char === openBracket || char === openBrace) {
      size.parts++
      size.depth = Math.max(size.depth, ++depth)
      if (size.depth > limits.depth) return size
    } else if (char === closeBracket || char === closeBrace) depth--
    else if (char === colon) size.parts++
    if (size.parts > limits.parts) return size
  }
  return size
}
