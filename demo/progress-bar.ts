const width = 28

/** One line that is drawn over and over on a terminal; elsewhere a line now and then. */
export class ProgressBar {
  private drawnAt = Number.NEGATIVE_INFINITY
  private readonly everyMs

  constructor(private readonly output: NodeJS.WriteStream = process.stdout) {
    this.everyMs = output.isTTY ? 100 : 5000
  }

  draw(fraction: number, text: string): void {
    const now = performance.now()
    if (now - this.drawnAt < this.everyMs && fraction < 1) return
    this.drawnAt = now
    const full = Math.round(fraction * width)
    const bar = `${'█'.repeat(full)}${'░'.repeat(width - full)}`
    const percent = String(Math.floor(fraction * 100)).padStart(3)
    const line = `  ${bar} ${percent} %  ${text}`
    this.output.write(this.output.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
  }

  end(): void {
    if (this.output.isTTY) this.output.write('\n')
  }
}
