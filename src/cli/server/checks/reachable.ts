import type { ServerInfo } from '../../../spec/server-info.js'
import type { Cli } from '../../cli.js'
import { isLocal, serverUrl } from '../../connection.js'
import { failureOf } from '../../failure.js'
import { type Check, failed, ok, warning } from './check.js'

const timeoutMs = 10_000
/** Signed URLs, tickets of streams and certificates go wrong before a difference of a minute is noticed elsewhere. */
const maxSkewMs = 60_000

/** Whether the server answers, accepts our key, is ready, and has the same time. */
export async function checkServer(cli: Cli): Promise<Check[]> {
  const url = await serverUrl(cli.options, cli.environment)
  const reached = await reach(url)
  if (!('skewMs' in reached)) {
    const cure = isLocal(url)
      ? '`trainyard up` starts it; server.log in the data folder says why one has ended'
      : 'check the address, the network and the proxy between'
    return [failed('server', `${url} does not answer: ${reached.reason}`, cure)]
  }
  return [ok('server', `${url} answers`), clock(reached.skewMs), ...(await signedIn(cli))]
}

async function reach(url: string): Promise<{ skewMs: number | null } | { reason: string }> {
  const startedAt = Date.now()
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(timeoutMs) })
    await answer.body?.cancel()
    if (!answer.ok) return { reason: `GET /healthz has status ${answer.status}` }
    const date = Date.parse(answer.headers.get('date') ?? '')
    // the header has whole seconds
    const here = (startedAt + Date.now()) / 2
    return { skewMs: Number.isNaN(date) ? null : Math.abs(date + 500 - here) }
  } catch (error) {
    const { cause, message } = error as Error
    return { reason: cause instanceof Error ? cause.message || String(cause) : message }
  }
}

function clock(skewMs: number | null): Check {
  if (skewMs === null) return ok('clock', 'the server does not tell its time')
  if (skewMs <= maxSkewMs) return ok('clock', 'this machine and the server have the same time')
  const detail = `this machine and the server differ by ${Math.round(skewMs / 1000)} s`
  return warning('clock', detail, 'let both set their clocks by NTP')
}

async function signedIn(cli: Cli): Promise<Check[]> {
  let info: ServerInfo
  try {
    info = await (await cli.client()).server.info()
  } catch (error) {
    const { message } = failureOf(error, cli.url)
    return [failed('key', message.split('\n')[0]!, '`trainyard login`, or set TRAINYARD_KEY')]
  }
  return [
    ok('key', 'the server accepts it'),
    ...info.checks.map(({ name, status, detail }): Check => {
      if (status === 'ok') return ok(`server: ${name}`, detail)
      const cure = 'docs/monitoring.md says what each check means; the log of the server says more'
      return (status === 'failed' ? failed : warning)(`server: ${name}`, detail, cure)
    }),
  ]
}
