import type { JobSize } from '../spec/ipc-messages.js'
import { listNames, type Note, Notes } from '../spec/notes.js'

const listedNames = 3

/** Says what a person may not expect of how the initial weights match the network. */
export function initialWeightsNotes({
  initialized,
  frozenRandom,
}: Pick<JobSize, 'initialized' | 'frozenRandom'>): Note[] {
  const notes = new Notes()
  const { matched = [], skipped = [], cast = [] } = initialized ?? {}
  const [first] = skipped
  if (first) {
    const names = skipped.map(({ name }) => name)
    const message = `${skipped.length} of ${matched.length + skipped.length} variables do not start from initFrom but from random values: ${listNames(names, listedNames)}. The reason for the first: ${first.reason}. A dry run lists all under initialized`
    notes.add('initial_weights_partly_used', message)
  }
  if (cast.length > 0) {
    const types = [...new Set(cast.map(({ from }) => from))].join(', ')
    const message = `${cast.length} variables are ${types} in the weights of initFrom and are cast to float32`
    notes.add('initial_weights_cast', message)
  }
  if (frozenRandom.length > 0) {
    const message = `freeze keeps ${frozenRandom.length} variables at random values, which initFrom does not set: ${listNames(frozenRandom, listedNames)}`
    notes.add('frozen_random', message)
  }
  return notes.all
}

export const uncheckedNote: Note = {
  code: 'initial_weights_unchecked',
  message:
    'the weights of initFrom could not be compared with the network; the job compares them when it begins, and fails if none fits',
}
