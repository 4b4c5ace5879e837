export interface Answer {
  status: number
  headers: ReadonlyMap<string, string>
  /** The first 16 MiB. */
  body: string
}

const keptBodyBytes = 16 * 2 ** 20

type Framing = { left: number } | 'chunked' | 'until close'

/** Parses the answers on one connection as they arrive. Only for answers of a server that speaks valid HTTP/1.1. */
export class AnswerParser {
  readonly complete: Answer[] = []
  private rest: Buffer = Buffer.alloc(0)
  private current: { status: number; headers: Map<string, string>; framing: Framing } | null = null
  private body: Buffer[] = []
  private bodyBytes = 0

  constructor(private readonly isHead: boolean) {}

  feed(data: Buffer): void {
    this.rest = this.rest.length === 0 ? data : Buffer.concat([this.rest, data])
    while (this.advance());
  }

  /** The connection has ended. */
  end(): void {
    if (this.current?.framing === 'until close') this.finish()
  }

  /** Takes one step; returns false if it needs more bytes. */
  private advance(): boolean {
    if (this.current === null) return this.readHead()
    const { framing } = this.current
    if (framing === 'until close') {
      this.keep(this.take(this.rest.length))
      return false
    }
    if (framing === 'chunked') return this.readChunk()
    const part = this.take(Math.min(framing.left, this.rest.length))
    this.keep(part)
    framing.left -= part.length
    if (framing.left > 0) return false
    this.finish()
    return this.rest.length > 0
  }

  private readHead(): boolean {
    const end = this.rest.indexOf('\r\n\r\n')
    if (end < 0) return false
    const [first = '', ...lines] = this.take(end + 4)
      .toString('latin1')
      .trimEnd()
      .split('\r\n')
    const status = Number(first.split(' ')[1])
    if (status >= 100 && status < 200) return true
    const headers = new Map(
      lines.map(line => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    this.current = { status, headers, framing: this.framingOf(status, headers) }
    return true
  }

  private framingOf(status: number, headers: ReadonlyMap<string, string>): Framing {
    if (this.isHead || status === 204 || status === 304) return { left: 0 }
    if (headers.get('transfer-encoding') === 'chunked') return 'chunked'
    const length = headers.get('content-length')
    return length === undefined ? 'until close' : { left: Number(length) }
  }

  private readChunk(): boolean {
    const end = this.rest.indexOf('\r\n')
    if (end < 0) return false
    const size = Number.parseInt(this.rest.subarray(0, end).toString('latin1'), 16)
    const whole = end + 2 + size + 2
    if (this.rest.length < whole) return false
    this.keep(this.take(whole).subarray(end + 2, end + 2 + size))
    if (size === 0) this.finish()
    return true
  }

  private take(length: number): Buffer {
    const taken = this.rest.subarray(0, length)
    this.rest = this.rest.subarray(length)
    return taken
  }

  private keep(part: Buffer): void {
    if (this.bodyBytes < keptBodyBytes) this.body.push(part)
    this.bodyBytes += part.length
  }

  private finish(): void {
    const { status, headers } = this.current!
    const body = Buffer.concat(this.body).subarray(0, keptBodyBytes).toString('utf8')
    this.complete.push({ status, headers, body })
    this.current = null
    this.body = []
    this.bodyBytes = 0
  }
}
