import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BenchError } from '../failure.js'
import type { BenchRequest } from './server.js'

const execute = promisify(execFile)

export interface Load {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Answers with a status of 400 or more, and requests without an answer. */
  failed: number
}

/** Sends a request as often as it is answered, from a number of connections that stay open. */
export async function measureLoad(
  { url, headers, body }: BenchRequest,
  { clients, seconds, folder }: { clients: number; seconds: number; folder: string },
): Promise<Load> {
  const bodyFile = join(folder, 'body')
  const script = join(folder, 'request.lua')
  await writeFile(bodyFile, body)
  await writeFile(script, lua(headers, bodyFile))
  const args = ['-t1', `-c${clients}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, url]
  const { stdout } = await execute('wrk', args).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new BenchError('wrk is missing, which sends the requests: apt-get install wrk')
  })
  return JSON.parse(stdout.slice(stdout.lastIndexOf('{')))
}

const lua = (headers: BenchRequest['headers'], bodyFile: string) => `
wrk.method = 'POST'
${Object.entries(headers)
  .map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
  .join('\n')}
local file = io.open(${JSON.stringify(bodyFile)}, 'rb')
wrk.body = file:read('*a')
file:close()
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
