const width = 28

/** Redraws one line on a terminal; elsewhere, prints a line every 5 s. */
export class ProgressBar {
  private lastDrawnAt = Number.NEGATIVE_INFINITY
  private readonly intervalMs

  constructor(private readonly output: NodeJS.WriteStream = process.stdout) {
    this.intervalMs = output.isTTY ? 100 : 5000
  }

  draw(fraction: number, text: string): void {
    const now = performance.now()
    if (now - this.lastDrawnAt < this.intervalMs && fraction < 1) return
    this.lastDrawnAt = now
    const filled = Math.round(fraction * width)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`
    const percent = String(Math.floor(fraction * 100)).padStart(3)
    const line = `  ${bar} ${percent} %  ${text}`
    this.output.write(this.output.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
  }

  end(): void {
    if (this.output.isTTY) this.output.write('\n')
  }
}
