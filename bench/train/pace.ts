/** Holds a loop between its steps until somebody wants more of them, and times each. */
export class StepController {
  #left = 0
  #times: number[] = []
  #since = performance.now()
  #resume = () => {}
  #finish: (times: number[]) => void = () => {}

  /** The milliseconds of the loop's next steps. */
  run(count: number): Promise<number[]> {
    return new Promise(finish => {
      this.#left = count
      this.#times = []
      this.#finish = finish
      this.#resume()
    })
  }

  /** The loop says that a step is done. */
  recordStep(): void {
    this.#times.push(performance.now() - this.#since)
  }

  /** The loop asks whether to go on: always, but not always at once. */
  async goOn(): Promise<true> {
    this.#left--
    if (this.#left <= 0) {
      const wanted = new Promise<void>(resume => {
        this.#resume = resume
      })
      this.#finish(this.#times)
      await wanted
    }
    this.#since = performance.now()
    return true
  }
}
