import { readFile } from 'node:fs/promises'
import { findProcessesOf } from './processes.js'

export interface Rank {
  pid: number
  rank: number
  attempt: number
}

/** The trainers of gangs below a data folder, by rank: those that were given a place among several. */
export async function findRanks(folder: string): Promise<Rank[]> {
  const trainers = (await findProcessesOf(folder)).filter(({ command }) =>
    command.includes('workers/trainer.js'),
  )
  const found = await Promise.all(
    trainers.map(async ({ pid }) => {
      // it may have ended since
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      const variables = new Map(
        environment.split('\0').map(line => {
          const [name = '', ...value] = line.split('=')
          return [name, value.join('=')]
        }),
      )
      const [world, rank, attempt] = ['WORLD', 'RANK', 'ATTEMPT'].map(name =>
        Number(variables.get(`TRAINYARD_${name}`) ?? Number.NaN),
      ) as [number, number, number]
      return world > 1 ? [{ pid, rank, attempt }] : []
    }),
  )
  return found.flat().sort((a, b) => a.rank - b.rank)
}
