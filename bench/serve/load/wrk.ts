import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withTempFolder } from '../../../testing/temp-folder.js'
import { BenchError } from '../../failure.js'
import type { BenchRequest } from '../server.js'

const execute = promisify(execFile)

/** What clients saw that each send a request as soon as the last one is answered. */
export interface ClosedLoop {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Answers with a status of 400 or more, and requests without an answer. */
  failed: number
}

/** Sends requests in turn as often as they are answered, from a number of connections that stay open. */
export function measureClosedLoop(
  requests: readonly BenchRequest[],
  { clients, seconds }: { clients: number; seconds: number },
): Promise<ClosedLoop> {
  return withTempFolder(async folder => {
    const [{ url, headers }] = requests as [BenchRequest]
    for (const [i, { body }] of requests.entries()) await writeFile(join(folder, `${i}`), body)
    const script = join(folder, 'requests.lua')
    await writeFile(script, lua(headers, folder, requests.length))
    const args = ['-t1', `-c${clients}`, `-d${seconds}s`, '--timeout', '60s', '-s', script, url]
    const { stdout } = await execute('wrk', args).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      throw new BenchError('wrk is missing, which sends the requests: apt-get install wrk')
    })
    return JSON.parse(stdout.slice(stdout.lastIndexOf('{')))
  })
}

const lua = (headers: BenchRequest['headers'], folder: string, count: number) => `
wrk.method = 'POST'
${Object.entries(headers)
  .map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
  .join('\n')}
local requests = {}
function init()
  for i = 0, ${count - 1} do
    local file = io.open(${JSON.stringify(`${folder}/`)} .. i, 'rb')
    requests[i] = wrk.format(nil, nil, nil, file:read('*a'))
    file:close()
  end
end
local sent = -1
function request()
  sent = sent + 1
  return requests[sent % ${count}]
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requestsPerSecond":%.1f,"p50Ms":%.3f,"p99Ms":%.3f,"failed":%d}',
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000,
    latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
`
