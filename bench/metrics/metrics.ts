import { parseArgs } from 'node:util'
import { parseCount, parseNames } from '../../testing/command-line.js'
import { type BenchDeployment, withBenchDeployment } from '../bench-deployment.js'
import { measureFollowers } from './followers.js'
import { measureReads } from './reads.js'

/**
 * How many followers one API serves, and how fast it reads long metrics logs:
 * `[--cases followers,reads] [--followers n] [--rows n] [--points n]`. `rows` are the rows that each
 * follower receives, `points` the length of the logs to read. Returns false if a follower missed a row.
 */
export async function metricsBench(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      cases: { type: 'string', default: 'followers,reads' },
      followers: { type: 'string', default: '1000' },
      rows: { type: 'string', default: '500' },
      points: { type: 'string', default: '1000000' },
    },
  })
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
