/** Lets one loop wait until there may be something to do. A call of `up` that comes before the wait is not lost. */
export class Wake {
  private isDue = false
  private resolve: () => void = () => {}

  up(): void {
    this.isDue = true
    this.resolve()
  }

  async wait(ms: number): Promise<void> {
    if (!this.isDue) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>(resolve => {
        this.resolve = resolve
        timer = setTimeout(resolve, ms)
      })
      clearTimeout(timer)
    }
    this.isDue = false
  }
}
