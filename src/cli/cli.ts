import type { Client } from '../client/client.js'
import type { EntryPoint } from '../places.js'
import { type Connection, connect, findConnection } from './connection.js'
import { Output, type Streams } from './output.js'

export interface GlobalOptions {
  url?: string
  key?: string
  json?: boolean
}

/** What a program is given that takes the place of the command line in this process. */
export interface BecomeOptions {
  /** Variables of the environment. */
  settings: Record<string, string>
  args?: readonly string[]
}

/** What commands are given: the server, the terminal, the environment. */
export class Cli {
  /** Set before a command runs. */
  options: GlobalOptions = {}

  constructor(
    readonly streams: Streams,
    readonly environment: NodeJS.ProcessEnv,
    /** Aborted by Ctrl-C. */
    readonly interrupted: AbortSignal,
    /** Goes on as another program, so that no signal or exit code is lost on the way to a child. */
    readonly become: (script: EntryPoint, options: BecomeOptions) => Promise<void>,
  ) {}

  /** Of the server that the command speaks to, once it does. */
  url: string | undefined

  get output(): Output {
    return new Output(this.streams, this.options.json === true)
  }

  /** Whether results may be drawn over themselves: a person looks at stdout, on a terminal that can. */
  get isLive(): boolean {
    const { TERM } = this.environment
    return this.streams.stdout.isTTY === true && !this.output.isJson && TERM !== 'dumb'
  }

  async connection(): Promise<Connection> {
    const connection = await findConnection(this.options, this.environment)
    this.url = connection.url
    return connection
  }

  async client(): Promise<Client> {
    return connect(await this.connection())
  }
}
