import { type Client, ProblemError } from '../../client/client.js'
import type { LocalContent } from '../../client/local/content.js'
import { formatBytes } from '../../presentation/units.js'
import type { DatasetRequest } from '../../spec/dataset-request.js'
import type { Cli } from '../cli.js'
import { failureOf } from '../failure.js'
import { quick } from '../keep-trying.js'
import type { ProgressBar } from '../terminal/progress-bar.js'
import { Rate } from '../terminal/rate.js'
import { KeptState } from './kept-state.js'
import { type Made, type MakingOptions, makeDataset, resumeMaking } from './making.js'
import type { PushPlan } from './push-plan.js'
import { forgetUpload, type SendParts, sendResumable } from './resumable.js'
import { formFields } from './set-options.js'

/** Less than this is one request: to send it again costs less than to ask what has arrived. */
const mostFormBytes = 4 * 2 ** 20
/** The most that a form takes. */
const mostFormFiles = 100

/** The id of an upload that no server has. */
const noUpload = `up-${'0'.repeat(32)}`

type Stage = 'starting' | 'sending' | 'making'

/** One run of `datasets push`: sends what there is to send, and lets the server make the data set. */
export class PushRun {
  private readonly kept: KeptState
  private readonly total: number
  private stage: Stage = 'starting'
  private sentBytes = 0
  private client!: Client
  private url = ''

  constructor(
    private readonly cli: Cli,
    private readonly bar: ProgressBar,
    private readonly plan: PushPlan,
    private readonly request: DatasetRequest,
  ) {
    this.kept = new KeptState(cli.environment)
    this.total = plan.contents.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async run(): Promise<Made> {
    this.url = (await this.cli.connection()).url
    this.client = await this.cli.client()
    // a wrong key or an unreachable server is told before anything is sent
    await this.client.datasets.list({ limit: 1 }, quick({ signal: this.cli.interrupted }))
    await this.kept.removeOld()
    const { sources } = this.plan
    if (sources.length > 0) return this.make({ ...this.request, sources })
    return this.isSmall ? this.sendForm() : this.sendUploads()
  }

  /** What becomes of a run that was stopped. */
  afterStop(): string {
    if (this.stage === 'making') {
      const { name } = this.request
      return `The server goes on making '${name}': \`trainyard datasets show ${name}\` shows it in the end, and the same command follows it again.`
    }
    if (this.stage === 'starting' || this.isSmall) return 'Nothing was made.'
    return `${this.sentText} have arrived, and are kept for a day: the same command goes on from there.`
  }

  /** What stays on the server after an error; null if nothing does. */
  afterFailure(status: number): string | null {
    if (this.isSmall || this.sentBytes < this.total || this.plan.sources.length > 0) {
      return this.stage === 'sending' && this.sentBytes > 0
        ? `${this.sentText} have arrived, and are kept for a day: the same command goes on from there.`
        : null
    }
    return status >= 500
      ? 'All files have arrived, and are kept for a day: the same command goes on from there.'
      : 'The server keeps the files for a day: run the command again with other options, and only changed files are sent again.'
  }

  private get isSmall(): boolean {
    return this.total <= mostFormBytes && this.plan.contents.length <= mostFormFiles
  }

  private get sentText(): string {
    return `${formatBytes(this.sentBytes)} of ${formatBytes(this.total)}`
  }

  private async sendForm(): Promise<Made> {
    const form = new FormData()
    for (const [name, value] of formFields(this.request)) form.append(name, value)
    for (const content of this.plan.contents) {
      const bytes = await content.read(0, content.bytes)
      form.append('file', new Blob([bytes]), content.name)
    }
    return makeDataset(this.client, form, this.makingOptions([]))
  }

  private async sendUploads(): Promise<Made> {
    const { contents } = this.plan
    const about = ['import', this.url, this.request, contents.map(each => each.fingerprint)]
    const running = await this.kept.get(about)
    if (running !== null) {
      this.stage = 'making'
      const made = await resumeMaking(this.client, running, this.makingOptions(about))
      if (made) return this.forget(about, made)
    }
    await this.checkOptions()
    this.stage = 'sending'
    const uploads: string[] = []
    for (const content of contents) uploads.push(await this.send(content))
    return this.forget(
      about,
      await this.make({ ...this.request, source: { kind: 'upload', uploads } }, about),
    )
  }

  /** Wrong options are told before gigabytes are sent: the server looks at them before it looks for an upload. */
  private async checkOptions(): Promise<void> {
    const source = { kind: 'upload' as const, uploads: [noUpload] }
    try {
      await this.client.imports.make({ ...this.request, source }, { wait: 0 })
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'UPLOAD_NOT_FOUND') return
      throw error
    }
  }

  private async send(content: LocalContent): Promise<string> {
    const before = this.sentBytes
    const rate = new Rate()
    const show = (sent: number) => {
      this.sentBytes = before + sent
      const bytesPerSecond = rate.add(this.sentBytes)
      this.bar.draw({
        what: `sending ${content.name}`,
        fraction: this.total === 0 ? 1 : this.sentBytes / this.total,
        amount: this.sentText,
        rate: bytesPerSecond === null ? null : `${formatBytes(bytesPerSecond)}/s`,
        secondsLeft: bytesPerSecond ? (this.total - this.sentBytes) / bytesPerSecond : null,
      })
    }
    show(0)
    const id = await sendResumable(content, {
      ...this.sendParts,
      signal: this.cli.interrupted,
      events: {
        onSent: show,
        onResumed: bytes => {
          this.note(`goes on: ${formatBytes(bytes)} of ${content.name} have arrived before`)
          show(bytes)
        },
        onNotKept: reason =>
          this.note(
            `after an interruption, all is sent again, since nothing can be noted (${reason})`,
          ),
        ...this.connectionEvents,
      },
    })
    this.sentBytes = before + content.bytes
    return id
  }

  private get sendParts(): Pick<SendParts, 'client' | 'url' | 'kept'> {
    return { client: this.client, url: this.url, kept: this.kept }
  }

  private make(body: DatasetRequest, about: readonly unknown[] = []): Promise<Made> {
    this.stage = 'making'
    return makeDataset(this.client, body, this.makingOptions(about))
  }

  private makingOptions(about: readonly unknown[]): MakingOptions {
    return {
      signal: this.cli.interrupted,
      onProgress: progress => this.bar.draw(progress),
      onBegun: async id => {
        this.stage = 'making'
        if (about.length > 0) await this.kept.set(about, id)
      },
      onBeganAgain: () => this.note('the server was restarted, and makes the data set again'),
      ...this.connectionEvents,
    }
  }

  /** The server has the data set, and no longer the uploads. */
  private async forget(about: readonly unknown[], made: Made): Promise<Made> {
    await this.kept.delete(about)
    for (const content of this.plan.contents) await forgetUpload(content, this.sendParts)
    return made
  }

  private readonly connectionEvents = {
    onLost: (error: unknown) =>
      this.note(
        `${failureOf(error, this.url).message.split('\n')[0]}; tried again for ten minutes (Ctrl-C ends it, and the same command goes on)`,
      ),
    onBack: () => this.note('the server answers again'),
  }

  private note(text: string): void {
    this.bar.clear()
    this.cli.output.note(text)
  }
}
