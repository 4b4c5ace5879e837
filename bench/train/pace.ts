/** Pauses a training loop until more steps are requested, and measures each step. */
export class StepController {
  private left = 0
  private times: number[] = []
  private since = performance.now()
  private resume = () => {}
  private finish: (times: number[]) => void = () => {}

  /** Lets the loop run `count` steps; resolves with the milliseconds of each. */
  run(count: number): Promise<number[]> {
    return new Promise(finish => {
      this.left = count
      this.times = []
      this.finish = finish
      this.resume()
    })
  }

  /** Called by the loop after each step. */
  recordStep(): void {
    this.times.push(performance.now() - this.since)
  }

  /** Called by the loop before the next step. Resolves when that step is wanted. */
  async shouldContinue(): Promise<true> {
    this.left--
    if (this.left <= 0) {
      const wanted = new Promise<void>(resume => {
        this.resume = resume
      })
      this.finish(this.times)
      await wanted
    }
    this.since = performance.now()
    return true
  }
}
