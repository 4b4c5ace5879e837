import { check } from '../graph/graph-error.js'

/** Variables that are not trained, by patterns such as `resnet/conv_0/*`; `*` matches any text. */
export class Freeze {
  private readonly patterns: { text: string; regex: RegExp; matched: boolean }[]

  constructor(patterns: readonly string[]) {
    this.patterns = patterns.map(text => {
      const parts = text.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      return { text, regex: new RegExp(`^${parts.join('.*')}$`), matched: false }
    })
  }

  isFrozen(name: string): boolean {
    let frozen = false
    for (const pattern of this.patterns) {
      if (!pattern.regex.test(name)) continue
      pattern.matched = true
      frozen = true
    }
    return frozen
  }

  /** Throws if a pattern matches no variable: a typo would silently train frozen layers. */
  checkAllMatched(names: readonly string[]): void {
    const unmatched = this.patterns.find(({ matched }) => !matched)
    check(
      !unmatched,
      `freeze: '${unmatched?.text}' names no variable; there are ${names.slice(0, 5).join(', ')}, …`,
    )
  }
}
