import { check } from '../graph/graph-error.js'

/** Whether patterns such as `resnet/conv_0/*` name a variable; `*` stands for any text. */
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

  /** A pattern that names nothing is a typing error, and would train what should have stayed. */
  checkAllMatched(names: readonly string[]): void {
    const unmatched = this.patterns.find(({ matched }) => !matched)
    check(
      !unmatched,
      `freeze: '${unmatched?.text}' names no variable; there are ${names.slice(0, 5).join(', ')}, …`,
    )
  }
}
