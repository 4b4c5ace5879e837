// Runs the ranks of a boosting job in the network of this process, which has its own (testing/own-network.ts). Starts
// them again from the last checkpoint after a rank was killed, and says what the ranks end with.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { engineEnvironment } from '../../src/engine/environment.js'
import { bringUpLoopback } from '../../src/engine/loopback.js'
import type { FromRank } from './gang-rank.js'

export interface Kill {
  rank: number
  /** Rounds of the attempt after which the rank is killed. */
  afterRounds: number
}

export type FromHost =
  | { type: 'attempt'; signals: (string | null)[] }
  | { type: 'ends'; ends: (FromRank & { type: 'end' })[] }

/** For ranks to notice the death of another. */
const noticeMs = 1000

const program = fileURLToPath(new URL('gang-rank.js', import.meta.url))
const [name, folder, world, kills] = process.argv.slice(2) as [string, string, string, string]

bringUpLoopback()
for (const kill of JSON.parse(kills) as Kill[]) {
  process.send!({ type: 'attempt', signals: await attempt(kill) } satisfies FromHost)
}
const ends: (FromRank & { type: 'end' })[] = []
await attempt(null, (rank, end) => {
  ends[rank] = end
})
process.send!({ type: 'ends', ends } satisfies FromHost, () => process.disconnect())

async function attempt(
  kill: Kill | null,
  onEnd: (rank: number, end: FromRank & { type: 'end' }) => void = () => {},
): Promise<(string | null)[]> {
  let rounds = 0
  const ranks: ChildProcess[] = Array.from({ length: Number(world) }, (_, rank) =>
    fork(program, [name, folder, String(rank), world], {
      env: { ...process.env, ...engineEnvironment({ cores: 2 }) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  )
  for (const [rank, child] of ranks.entries()) {
    child.on('message', (message: FromRank) => {
      if (message.type === 'leader') for (const other of ranks.slice(1)) other.send(message.address)
      if (message.type === 'end') onEnd(rank, message)
      if (message.type !== 'round') return
      if (++rounds === kill?.afterRounds) ranks[kill.rank]!.kill('SIGKILL')
      // a rank that was killed cannot take it
      if (child.connected) child.send('go', () => {})
    })
  }
  const killAll = () => {
    for (const child of ranks) child.kill('SIGKILL')
  }
  // the test has ended
  process.once('disconnect', killAll)
  const exits = ranks.map(
    child =>
      new Promise<string | null>(resolve => {
        child.once('exit', (_, signal) => {
          // as workers do: XGBoost's ring may sleep on if a peer dies while it begins to wait (3.4.1, Loop::Block)
          if (kill) setTimeout(killAll, noticeMs)
          resolve(signal)
        })
      }),
  )
  const signals = await Promise.all(exits)
  process.off('disconnect', killAll)
  return signals
}
