import type { Client } from '../../src/client/client.js'
import type { ChaosDeployment } from '../deployment.js'
import type { Random } from '../random.js'
import { type DamageTarget, damageOne, deleteDamaged, type Thing } from './file-damage.js'
import type { Tally } from './tally.js'
import { smallBoosting, tableName, waitForEnd } from './world.js'

/** Trains jobs of their own, damages `count` files of what they made, one after another, and deletes what is damaged. */
export async function damageThings(
  { port, key, folder }: ChaosDeployment,
  client: Client,
  count: number,
  random: Random,
  tally: Tally,
  log: (line: string) => void,
): Promise<void> {
  if (count === 0) return
  const target: DamageTarget = { port, key, folder, tally }
  const whole: Thing[] = [{ route: '/datasets', id: tableName }]
  const things: Thing[] = []
  for (let i = 0; i < Math.ceil(count / 4); i++) {
    const name = `damaged-${i}`
    const csv = `a,b,target\n${Array.from({ length: 40 }, (_, row) => `${row + i},${row % 7},${row % 3}`).join('\n')}\n`
    const { id } = await client.datasets.push(name, [
      { name: 'rows.csv', content: new Blob([csv]) },
    ])
    const job = await client.jobs.submit({ ...smallBoosting(name), dataset: name })
    await waitForEnd(client, job)
    things.push(
      { route: '/datasets', id },
      { route: '/jobs', id: job.id },
      { route: '/models', id: name },
    )
  }
  for (let i = 0; i < count; i++) {
    const thing = random.pick(things)
    log(await damageOne(thing, whole, random, target))
  }
  for (const thing of things.toReversed()) await deleteDamaged(thing, target)
}
