import { check } from '../graph/graph-error.js'

/** Variables that are not trained, by patterns such as `resnet/conv_0/*`; `*` matches any text. */
export class Freeze {
  private readonly patterns: { text: string; matches: (name: string) => boolean; used: boolean }[]

  constructor(patterns: readonly string[]) {
    this.patterns = patterns.map(text => ({ text, matches: globMatcher(text), used: false }))
  }

  isFrozen(name: string): boolean {
    let frozen = false
    for (const pattern of this.patterns) {
      if (!pattern.matches(name)) continue
      pattern.used = true
      frozen = true
    }
    return frozen
  }

  /** Throws if a pattern matches no variable: a typo would silently train frozen layers. */
  checkAllMatched(names: readonly string[]): void {
    const unused = this.patterns.find(({ used }) => !used)
    check(
      !unused,
      `freeze: '${unused?.text}' names no variable; there are ${names.slice(0, 5).join(', ')}, …`,
    )
  }
}

/**
 * Compiles a pattern in which `*` matches any text. The parts between the stars are searched from left
 * to right, each at its first place after the one before, which is never wrong if the last part is
 * compared with the end. A regular expression would try all places: `**********z` takes for ever.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const [first, ...others] = pattern.split('*') as [string, ...string[]]
  const last = others.pop()
  if (last === undefined) return text => text === pattern
  const inner = others.filter(part => part !== '')
  return text => {
    const end = text.length - last.length
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const part of inner) {
      const found = text.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= end
  }
}
