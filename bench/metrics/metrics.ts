import {
  type OptionValues,
  parseCount,
  parseNames,
  scriptCommand,
} from '../../src/script-options.js'
import { type BenchDeployment, withBenchDeployment } from '../bench-deployment.js'
import { measureFollowers } from './followers.js'
import { measureReads } from './reads.js'

const options = {
  cases: { value: 'A,B', default: 'followers,reads', help: 'what is measured' },
  followers: { value: 'N', default: '1000', help: 'followers of one job' },
  rows: { value: 'N', default: '500', help: 'rows that each follower receives' },
  points: { value: 'N', default: '1000000', help: 'length of the logs to read' },
} as const

export const metricsBench = scriptCommand(
  {
    command: 'npm run bench -- metrics',
    summary:
      'Measures how many followers one API serves, and how fast it reads long metrics logs. Fails if a follower missed a row.',
    options,
  },
  run,
)

async function run(values: OptionValues<typeof options>): Promise<boolean> {
  const followers = parseCount('followers', values.followers)
  const rows = parseCount('rows', values.rows)
  // long enough for every page and chart that is read
  const points = parseCount('points', values.points, 40_000)
  const cases: Record<string, (deployment: BenchDeployment) => Promise<boolean>> = {
    followers: deployment => measureFollowers(deployment, followers, rows),
    reads: deployment => measureReads(deployment, points).then(() => true),
  }
  const lookUp = (name: string) => (Object.hasOwn(cases, name) ? [cases[name]!] : [])
  let passed = true
  for (const measure of parseNames('cases', values.cases, lookUp, Object.keys(cases))) {
    passed = (await withBenchDeployment(measure)) && passed
  }
  return passed
}
