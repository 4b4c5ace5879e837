import { check } from '../graph/graph-error.js'

/** Whether patterns such as `resnet/conv_0/*` name a variable; `*` stands for any text. */
export class Freeze {
  readonly #patterns: { text: string; form: RegExp; met: boolean }[]

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(text => {
      const parts = text.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      return { text, form: new RegExp(`^${parts.join('.*')}$`), met: false }
    })
  }

  has(name: string): boolean {
    let frozen = false
    for (const pattern of this.#patterns) {
      if (!pattern.form.test(name)) continue
      pattern.met = true
      frozen = true
    }
    return frozen
  }

  /** A pattern that names nothing is a typing error, and would train what should have stayed. */
  checkAllMet(names: readonly string[]): void {
    const idle = this.#patterns.find(({ met }) => !met)
    check(
      !idle,
      `freeze: '${idle?.text}' names no variable; there are ${names.slice(0, 5).join(', ')}, …`,
    )
  }
}
