import type { Command } from 'commander'
import { formatBytes } from '../../presentation/units.js'
import type { ServerInfo } from '../../spec/server-info.js'
import type { Cli } from '../cli.js'
import { rowsText } from '../terminal/rows.js'

/** `trainyard status`: what the server is and does. */
export function addStatus(program: Command, cli: Cli): void {
  program
    .command('status')
    .summary('show whether the server is well, its workers, jobs and disk')
    .action(async () => {
      const { url } = await cli.connection()
      const info = await (await cli.client()).server.info()
      cli.output.result({ url, ...info }, () => describe(cli, url, info))
    })
}

function describe(cli: Cli, url: string, info: ServerInfo): string {
  const rows: [string, string][] = [
    ['server', `${url}, version ${info.version}`],
    ['up since', `${info.startedAt} (Node ${info.node}, ${info.platform})`],
    ...info.checks.map(({ name, status, detail }): [string, string] => [
      name,
      status === 'ok' ? detail : `${status}: ${detail}`,
    ]),
    ['jobs', jobs(info)],
    ['slots', info.slots ? `${info.slots.busy} of ${info.slots.total} busy` : 'unknown'],
    ['engines', engines(info)],
    ['data', usedBytes(info)],
    ...info.problems.map(({ part, message }): [string, string] => [part, message]),
  ]
  return rowsText(rows, cli.output.width, text => cli.output.style('bold', text))
}

function jobs({ jobs }: ServerInfo): string {
  if (jobs === null) return 'unknown'
  const states = ['running', 'queued', 'paused', 'succeeded', 'failed', 'cancelled'] as const
  const counts = states.filter(state => jobs[state] > 0).map(state => `${jobs[state]} ${state}`)
  return counts.length === 0 ? 'none' : counts.join(', ')
}

function engines({ engines }: ServerInfo): string {
  if (engines === null) return 'not set up'
  const { kind, tensorflow, xgboost, openvino } = engines
  const versions = { TensorFlow: tensorflow, XGBoost: xgboost, OpenVINO: openvino }
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version ?? '-'}`)
  return `${named.join(', ')} (${kind === 'cuda' ? 'CUDA' : 'processor'})`
}

/** What is free stands beside the check of the disk. */
function usedBytes({ data }: ServerInfo): string {
  if (data === null) return 'unknown'
  if (data.usedBytes === null) return 'is being measured; ask again'
  const used = Object.values(data.usedBytes).reduce((sum, bytes) => sum + bytes, 0)
  return `${formatBytes(used)} used`
}
