import type { Client } from '../../client/client.js'
import type { Job } from '../../spec/job.js'
import type { Cli } from '../cli.js'
import { LiveArea } from '../terminal/live-area.js'
import { isUnicodeTerminal } from '../terminal/unicode.js'
import { QueuePolls } from './queue-polls.js'
import { type Points, watchView } from './watch-view.js'

/** How often the elapsed time goes on, and how often the curves are read at most. */
const tickMs = 1000
const maxPoints = 300

/** A job on a terminal, drawn over itself until it has ended. */
export class LiveWatch {
  private readonly area: LiveArea
  private readonly queue: QueuePolls
  private points: Points = {}
  private note = ''
  /** The step up to which the curves are drawn. */
  private drawnStep = -1
  private isReading = false

  constructor(
    private readonly cli: Cli,
    private readonly client: Client,
    private job: Job,
  ) {
    this.area = new LiveArea(cli.streams.stdout)
    this.queue = new QueuePolls(client, job.id, waiting => this.show(waiting))
  }

  async run(): Promise<Job> {
    const timer = setInterval(() => {
      void this.readCurves()
      this.draw()
    }, tickMs)
    const onResize = () => this.draw()
    this.cli.streams.stdout.on('resize', onResize)
    this.show(this.job)
    try {
      await this.readCurves()
      await this.follow()
      await this.readCurves()
      this.draw()
    } finally {
      clearInterval(timer)
      this.queue.stop()
      this.cli.streams.stdout.off('resize', onResize)
    }
    return this.job
  }

  private async follow(): Promise<void> {
    const events = this.client.jobs.followProgress(this.job.id, {
      signal: this.cli.interrupted,
      onLost: () => this.say('The connection to the server is lost; trying again …'),
      onBack: () => this.say(''),
    })
    for await (const event of events) {
      if (event.event === 'job') this.show(event.data)
      else {
        const { metrics, best, ...progress } = event.data
        this.show({ ...this.job, progress, metrics, best })
      }
    }
  }

  private show(job: Job): void {
    if (job.status !== this.job.status || this.drawnStep < 0) this.queue.start(job)
    this.job = job
    this.draw()
  }

  private say(note: string): void {
    this.note = note
    this.draw()
  }

  /** Reads the whole curves again if there are new points: so none is missing after a lost connection. */
  private async readCurves(): Promise<void> {
    const { step } = this.job.progress
    if (this.isReading || step === this.drawnStep) return
    this.isReading = true
    try {
      this.points = (await this.client.jobs.metrics(this.job.id, { maxPoints })).points
      this.drawnStep = step
    } catch {
      // the stream says if the server does not answer, and the next tick tries again
    } finally {
      this.isReading = false
    }
  }

  private draw(): void {
    const { output, environment } = this.cli
    const { width, height } = this.area
    const isUnicode = isUnicodeTerminal(environment)
    const options = { output, isUnicode, width: Math.min(width, 100), height }
    this.area.draw(watchView(this.job, this.points, this.note, options))
  }
}
