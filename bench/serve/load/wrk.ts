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
  /** Without those that were refused or failed. */
  requestsPerSecond: number
  /** Of all answers, refusals among them. */
  p50Ms: number
  p99Ms: number
  /** Answers with status 429 or 503. */
  refused: number
  /** Answers with another status of 400 or more, and requests without an answer. */
  failed: number
}

/** How long a client waits after a refusal; servers ask for it with Retry-After. */
const backoffMs = 1000

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
refused = 0
local resting = 0
function response(status)
  if status == 429 or status == 503 then
    refused = refused + 1
    resting = resting + 1
  end
end
function delay()
  if resting == 0 then return 0 end
  resting = resting - 1
  return ${backoffMs}
end
local client
function setup(thread)
  client = thread
end
function done(summary, latency)
  local errors = summary.errors
  local refused = client:get('refused')
  io.write(string.format(
    '\\n{"requestsPerSecond":%.1f,"p50Ms":%.3f,"p99Ms":%.3f,"refused":%d,"failed":%d}',
    (summary.requests - errors.status) / summary.duration * 1e6,
    latency:percentile(50) / 1000,
    latency:percentile(99) / 1000,
    refused,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout - refused
  ))
end
`
